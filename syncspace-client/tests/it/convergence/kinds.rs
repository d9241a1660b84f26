//! Every kind of event and of change, and where it belongs: a new kind does not compile before it has its place here, and what
//! has its place is made and heard by a test.

use syncspace_protocol::socket::EventBody;
use syncspace_protocol::sync::Change;

/// Where a kind belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// The stream of a channel.
    Channel,
    /// The same, by retention: the server does it by itself.
    Retention,
    /// The stream of a team.
    Team,
    /// One person's own stream in a team.
    Member,
    /// The person, whatever team it is: after an absence the greeting tells it.
    Account,
    /// The connection, or what passes and is kept by nobody.
    Connection,
}

/// Makes the list of a type's kinds, and the function that names one.
macro_rules! kinds {
    ($type:ident, $all:ident, $name:ident: $($home:ident { $($kind:ident)* })*) => {
        const $all: &[(&str, Home)] = &[$($((stringify!($kind), Home::$home),)*)*];

        /// Gives the name of a kind.
        pub(super) const fn $name(of: &$type) -> &'static str {
            match of {
                $($($type::$kind { .. } => stringify!($kind),)*)*
            }
        }
    };
}

kinds! { EventBody, EVENTS, name_of_event:
    Channel {
        MessageCreated MessageUpdated MessageAppended MessageDeleted MessagePinned MessageUnpinned ReactionAdded
        ReactionRemoved
    }
    Retention { FloorRaised }
    Team {
        TeamUpdated TeamDeleted TeamMemberUpdated TeamMemberRemoved TeamJoinRequest GroupUpdated GroupDeleted ChannelUpdated
        ChannelDeleted ChannelHidden ChannelMemberUpdated ChannelMemberRemoved
    }
    Member {
        MyChannelJoined MyChannelLeft MyRead MyKeywordMentions MyChannelPreferences MyChannelOrder MyUserMute MyThread MySaved
        MyDraft MyScheduled MyReminder
    }
    Account { MyJoinRequests MyTeamJoined MyTeamLeft MyAccount }
    Connection { Hello ServerBanner Changes StreamReload StreamGone Void Typing PresenceChanged Closing Unknown }
}

kinds! { Change, CHANGES, name_of_change:
    Channel { Message }
    Retention { Floor }
    Team {
        Team TeamMember TeamMemberGone TeamJoinRequest Group GroupGone Channel ChannelGone ChannelHidden ChannelMember
        ChannelMemberGone
    }
    Member {
        MyChannel MyChannelGone MyChannelPreferences MyChannelOrder MyUserMute MyThread MySaved MyDraft MyScheduled MyReminder
    }
    Connection { Unknown }
}

/// Gives the kinds of events that belong somewhere.
pub(super) fn events(homes: &[Home]) -> impl Iterator<Item = &'static str> {
    at(EVENTS, homes)
}

/// Gives the kinds of changes that belong somewhere.
pub(super) fn changes(homes: &[Home]) -> impl Iterator<Item = &'static str> {
    at(CHANGES, homes)
}

fn at(all: &'static [(&str, Home)], homes: &[Home]) -> impl Iterator<Item = &'static str> {
    all.iter().filter(move |(_, home)| homes.contains(home)).map(|(kind, _)| *kind)
}
