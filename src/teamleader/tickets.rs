//! Tickets, their messages and their statuses.

use serde_json::json;
use time::OffsetDateTime;

use super::custom_fields::{CustomField, NewCustomField};
use super::declare::{body, enums, object};
use super::files::File;
use super::kinds::User;
use super::macros::{listed, methods, resource};
use super::milestones::Milestone;
use super::projects::Project;
use super::{Assignee, Customer, Id, List, Nothing, Reference};
use crate::error::Result;

enums! {
    /// Between whom a message is exchanged.
    pub enum MessageType {
        /// With the customer.
        Customer = "customer",
        /// Between users.
        Internal = "internal",
        /// With somebody else.
        ThirdParty = "thirdParty",
    }

    /// The kind of a ticket's status.
    pub enum TicketStatusKind {
        /// New.
        New = "new",
        /// Open.
        Open = "open",
        /// Waits for the customer.
        WaitingForClient = "waiting_for_client",
        /// Waits for somebody else.
        EscalatedThirdparty = "escalated_thirdparty",
        /// Closed.
        Closed = "closed",
        /// A status of the account's own.
        Custom = "custom",
    }

    /// Whether the customer of a new ticket gets an automatic reply.
    pub enum InitialReply {
        /// The customer gets a reply.
        Automatic = "automatic",
        /// The customer gets no reply.
        Disabled = "disabled",
    }
}

object! {
    /// The company on whose behalf a contact has a ticket.
    pub struct TicketParticipant {
        /// The contact or the company.
        customer: Option<Reference>,
    }
}

object! {
    /// A ticket.
    pub struct Ticket {
        /// The id.
        id: Id<Ticket>,
        /// The number.
        reference: Option<u64>,
        /// The subject.
        subject: Option<String>,
        /// The status.
        status: Option<Reference<TicketStatus>>,
        /// The user who handles the ticket.
        assignee: Option<Reference<User>>,
        /// The time of creation.
        created_at: Option<OffsetDateTime>,
        /// The time of closing.
        closed_at: Option<OffsetDateTime>,
        /// The contact or the company that has the ticket.
        customer: Option<Reference>,
        /// The company on whose behalf the contact has the ticket.
        participant: Option<TicketParticipant>,
        /// The time of the last message.
        last_message_at: Option<OffsetDateTime>,
        /// The description; not in a list.
        description: Option<String>,
        /// The project.
        project: Option<Reference<Project>>,
        /// The milestone.
        milestone: Option<Reference<Milestone>>,
        /// The custom fields; not in a list.
        custom_fields: Option<Vec<CustomField>>,
    }
}

object! {
    /// A message of a ticket.
    pub struct TicketMessage {
        /// The id of the message.
        message_id: Option<Id<TicketMessage>>,
        /// The text, as HTML.
        body: Option<String>,
        /// The text, as it was received; not in a list.
        raw_body: Option<String>,
        /// The time of creation.
        created_at: Option<OffsetDateTime>,
        /// The user, the contact or the company that sent the message.
        sent_by: Option<Reference>,
        /// The ticket; not in a list.
        ticket: Option<Reference<Ticket>>,
        /// The attached files.
        attachments: Vec<Reference<File>>,
        /// Between whom the message is exchanged.
        kind as "type": Option<MessageType>,
    }
}

object! {
    /// A status of tickets.
    pub struct TicketStatus {
        /// The id.
        id: Id<TicketStatus>,
        /// The kind of the status.
        status: Option<TicketStatusKind>,
        /// The name, if the account gave the status a name.
        label: Option<String>,
    }
}

body! {
    /// The company on whose behalf a contact has a ticket, in a request.
    pub struct NewTicketParticipant {
        /// The contact or the company.
        customer: Customer,
    }
}

body! {
    /// A new ticket.
    pub struct NewTicket {
        /// The subject.
        subject: String,
        /// The contact or the company that has the ticket.
        customer: Customer,
        /// The id of the status.
        ticket_status_id: Id<TicketStatus>,
        ; set
        /// The user who handles the ticket.
        assignee: Assignee,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        /// The description.
        description: String,
        /// The company on whose behalf the contact has the ticket.
        participant: NewTicketParticipant,
        /// Whether the customer gets an automatic reply.
        initial_reply: InitialReply,
        /// The id of the milestone.
        milestone_id: Id<Milestone>,
    }
}

body! {
    /// Changes to a ticket.
    pub struct TicketUpdate {
        ; set
        /// The subject.
        subject: String,
        /// The description.
        description: String,
        /// The id of the status.
        ticket_status_id: Id<TicketStatus>,
        /// The contact or the company that has the ticket.
        customer: Customer,
        /// The custom fields.
        custom_fields: Vec<NewCustomField>,
        ; clear
        /// The user who handles the ticket.
        assignee: Assignee,
        /// The company on whose behalf the contact has the ticket.
        participant: NewTicketParticipant,
        /// The id of the milestone.
        milestone_id: Id<Milestone>,
    }
}

body! {
    /// A new message of a ticket.
    pub struct NewTicketMessage {
        /// The text, as HTML.
        body: String,
        ; set
        /// The id of the status that the ticket gets.
        ticket_status_id: Id<TicketStatus>,
        /// The attached files.
        attachments: Vec<Id<File>>,
    }
}

body! {
    /// A message that was sent elsewhere.
    pub struct ImportedMessage {
        /// The text, as HTML.
        body: String,
        /// The user, the contact or the company that sent the message.
        sent_by: Reference,
        /// The time of sending.
        sent_at: OffsetDateTime,
        ; set
        /// The attached files.
        attachments: Vec<Id<File>>,
    }
}

body! {
    /// What a list of tickets leaves out.
    pub struct TicketExclusion {
        ; set
        /// Tickets with one of these statuses.
        status_ids: Vec<Id<TicketStatus>>,
    }
}

body! {
    /// A filter for tickets.
    pub struct TicketFilter {
        ; set
        /// Tickets with one of these ids.
        ids: Vec<Id<Ticket>>,
        /// Tickets of this contact or company.
        relates_to: Customer,
        /// Tickets of one of these projects.
        project_ids: Vec<Id<Project>>,
        /// What the list leaves out.
        exclude: TicketExclusion,
    }
}

body! {
    /// A filter for the messages of a ticket.
    pub struct TicketMessageFilter {
        ; set
        /// Messages of this type.
        kind as "type": MessageType,
        /// Messages before this time.
        created_before: OffsetDateTime,
        /// Messages after this time.
        created_after: OffsetDateTime,
    }
}

body! {
    /// A filter for statuses of tickets.
    pub struct TicketStatusFilter {
        ; set
        /// Statuses with one of these ids.
        ids: Vec<Id<TicketStatus>>,
    }
}

listed! {
    Ticket => "tickets.list", TicketFilter, Nothing, Nothing;
    TicketMessage => "tickets.listMessages", TicketMessageFilter, Nothing, Nothing;
    TicketStatus => "ticketStatus.list", TicketStatusFilter, Nothing, Nothing;
}

resource! {
    /// The operations on tickets, from [`Teamleader::tickets`](super::Teamleader::tickets).
    pub struct Tickets of Ticket
}

resource! {
    /// The operations on statuses of tickets, from [`Teamleader::ticket_statuses`](super::Teamleader::ticket_statuses).
    pub struct TicketStatuses of TicketStatus
}

methods! {
    impl Tickets of Ticket;
    fetch {
        /// Fetches one ticket.
        get(id: Ticket) -> Ticket = "tickets.info";
        /// Fetches one message.
        message(message_id: TicketMessage) -> TicketMessage = "tickets.getMessage";
    }
    make {
        /// Creates a ticket and returns a reference to the ticket.
        create(NewTicket) = "tickets.create";
    }
    credit {
        /// Sends a reply to the customer and returns a reference to the message.
        reply(NewTicketMessage) -> TicketMessage = "tickets.addReply";
        /// Adds a message for the users and returns a reference to the message.
        add_internal_message(NewTicketMessage) -> TicketMessage = "tickets.addInternalMessage";
        /// Adds a message that was sent elsewhere and returns a reference to the message.
        import_message(ImportedMessage) -> TicketMessage = "tickets.importMessage";
    }
    change {
        /// Changes the ticket.
        update(TicketUpdate) = "tickets.update";
    }
}

impl<'a> Tickets<'a> {
    /// Lists the messages of a ticket.
    #[inline]
    pub fn messages(self, ticket: impl Into<Id<Ticket>>) -> List<'a, TicketMessage> {
        List::with(self.0, json!({ "id": ticket.into() }))
    }
}
