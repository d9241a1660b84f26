# Runs a program that ends when whoever started this script ends: standard input is a pipe from there.
#   sh watchdog.sh FOLDER PROGRAM [ARGUMENT...]
# A line on the pipe stops the program; the end of the pipe stops it and removes FOLDER.
folder=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
pid=$!
echo "pid $pid"
# The other ends of the pipes go away first: a word of the shell itself would end it before it has cleaned up.
exec >/dev/null 2>&1
(
    read -r _ <&3 || : >"$folder/.remove"
    kill -9 "$pid"
) &
watcher=$!
wait "$pid"
status=$?
kill "$watcher"
[ -e "$folder/.remove" ] && rm -rf "$folder"
exit "$status"
