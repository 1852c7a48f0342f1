//! The 95 types of events in the specification.

use crate::sdk::open_enum;

open_enum! {
    /// The type of an event.
    pub enum WebhookType {
        /// An account was deactivated.
        AccountDeactivated = "account.deactivated",
        /// An account was deleted.
        AccountDeleted = "account.deleted",
        /// A call was added.
        CallAdded = "call.added",
        /// A call was completed.
        CallCompleted = "call.completed",
        /// A call was deleted.
        CallDeleted = "call.deleted",
        /// A call was updated.
        CallUpdated = "call.updated",
        /// A company was added.
        CompanyAdded = "company.added",
        /// A company was deleted.
        CompanyDeleted = "company.deleted",
        /// A company was updated.
        CompanyUpdated = "company.updated",
        /// A contact was added.
        ContactAdded = "contact.added",
        /// A contact was deleted.
        ContactDeleted = "contact.deleted",
        /// A contact was linked to a company.
        ContactLinkedToCompany = "contact.linkedToCompany",
        /// A contact was unlinked from a company.
        ContactUnlinkedFromCompany = "contact.unlinkedFromCompany",
        /// The link between a contact and a company was updated.
        ContactUpdatedLinkToCompany = "contact.updatedLinkToCompany",
        /// A contact was updated.
        ContactUpdated = "contact.updated",
        /// A credit note was booked.
        CreditNoteBooked = "creditNote.booked",
        /// A credit note was deleted.
        CreditNoteDeleted = "creditNote.deleted",
        /// Sending a credit note through Peppol failed.
        CreditNotePeppolSubmissionFailed = "creditNote.peppolSubmissionFailed",
        /// A credit note was sent through Peppol.
        CreditNotePeppolSubmissionSucceeded = "creditNote.peppolSubmissionSucceeded",
        /// A credit note was sent.
        CreditNoteSent = "creditNote.sent",
        /// A credit note was updated.
        CreditNoteUpdated = "creditNote.updated",
        /// A deal was created.
        DealCreated = "deal.created",
        /// A deal was deleted.
        DealDeleted = "deal.deleted",
        /// A deal was lost.
        DealLost = "deal.lost",
        /// A deal was moved to another phase.
        DealMoved = "deal.moved",
        /// A deal was updated.
        DealUpdated = "deal.updated",
        /// A deal was won.
        DealWon = "deal.won",
        /// An incoming credit note was added.
        IncomingCreditNoteAdded = "incomingCreditNote.added",
        /// An incoming credit note was approved.
        IncomingCreditNoteApproved = "incomingCreditNote.approved",
        /// Submitting an incoming credit note to the bookkeeping failed.
        IncomingCreditNoteBookkeepingSubmissionFailed = "incomingCreditNote.bookkeepingSubmissionFailed",
        /// An incoming credit note was submitted to the bookkeeping.
        IncomingCreditNoteBookkeepingSubmissionSucceeded = "incomingCreditNote.bookkeepingSubmissionSucceeded",
        /// An incoming credit note was deleted.
        IncomingCreditNoteDeleted = "incomingCreditNote.deleted",
        /// An incoming credit note was refused.
        IncomingCreditNoteRefused = "incomingCreditNote.refused",
        /// An incoming credit note was updated.
        IncomingCreditNoteUpdated = "incomingCreditNote.updated",
        /// An incoming invoice was added.
        IncomingInvoiceAdded = "incomingInvoice.added",
        /// An incoming invoice was approved.
        IncomingInvoiceApproved = "incomingInvoice.approved",
        /// Submitting an incoming invoice to the bookkeeping failed.
        IncomingInvoiceBookkeepingSubmissionFailed = "incomingInvoice.bookkeepingSubmissionFailed",
        /// An incoming invoice was submitted to the bookkeeping.
        IncomingInvoiceBookkeepingSubmissionSucceeded = "incomingInvoice.bookkeepingSubmissionSucceeded",
        /// An incoming invoice was deleted.
        IncomingInvoiceDeleted = "incomingInvoice.deleted",
        /// An incoming invoice was refused.
        IncomingInvoiceRefused = "incomingInvoice.refused",
        /// An incoming invoice was updated.
        IncomingInvoiceUpdated = "incomingInvoice.updated",
        /// An invoice was booked.
        InvoiceBooked = "invoice.booked",
        /// An invoice was deleted.
        InvoiceDeleted = "invoice.deleted",
        /// An invoice was drafted.
        InvoiceDrafted = "invoice.drafted",
        /// A payment of an invoice was registered.
        InvoicePaymentRegistered = "invoice.paymentRegistered",
        /// A payment of an invoice was removed.
        InvoicePaymentRemoved = "invoice.paymentRemoved",
        /// Sending an invoice through Peppol failed.
        InvoicePeppolSubmissionFailed = "invoice.peppolSubmissionFailed",
        /// An invoice was sent through Peppol.
        InvoicePeppolSubmissionSucceeded = "invoice.peppolSubmissionSucceeded",
        /// An invoice was sent.
        InvoiceSent = "invoice.sent",
        /// An invoice was updated.
        InvoiceUpdated = "invoice.updated",
        /// A meeting was created.
        MeetingCreated = "meeting.created",
        /// A meeting was completed.
        MeetingCompleted = "meeting.completed",
        /// A meeting was deleted.
        MeetingDeleted = "meeting.deleted",
        /// A meeting was updated.
        MeetingUpdated = "meeting.updated",
        /// A milestone was created.
        MilestoneCreated = "milestone.created",
        /// A milestone was updated.
        MilestoneUpdated = "milestone.updated",
        /// A project was created.
        NextgenProjectCreated = "nextgenProject.created",
        /// A project was updated.
        NextgenProjectUpdated = "nextgenProject.updated",
        /// A project was closed.
        NextgenProjectClosed = "nextgenProject.closed",
        /// A project was deleted.
        NextgenProjectDeleted = "nextgenProject.deleted",
        /// A task of a project was completed.
        NextgenTaskCompleted = "nextgenTask.completed",
        /// A task of a project was created.
        NextgenTaskCreated = "nextgenTask.created",
        /// A task of a project was deleted.
        NextgenTaskDeleted = "nextgenTask.deleted",
        /// A task of a project was updated.
        NextgenTaskUpdated = "nextgenTask.updated",
        /// A product was added.
        ProductAdded = "product.added",
        /// A product was updated.
        ProductUpdated = "product.updated",
        /// A product was deleted.
        ProductDeleted = "product.deleted",
        /// A project of the older module (not a `nextgenProject`) was created.
        ProjectCreated = "project.created",
        /// A project of the older module (not a `nextgenProject`) was deleted.
        ProjectDeleted = "project.deleted",
        /// A project of the older module (not a `nextgenProject`) was updated.
        ProjectUpdated = "project.updated",
        /// A receipt was added.
        ReceiptAdded = "receipt.added",
        /// A receipt was approved.
        ReceiptApproved = "receipt.approved",
        /// Submitting a receipt to the bookkeeping failed.
        ReceiptBookkeepingSubmissionFailed = "receipt.bookkeepingSubmissionFailed",
        /// A receipt was submitted to the bookkeeping.
        ReceiptBookkeepingSubmissionSucceeded = "receipt.bookkeepingSubmissionSucceeded",
        /// A receipt was deleted.
        ReceiptDeleted = "receipt.deleted",
        /// A receipt was refused.
        ReceiptRefused = "receipt.refused",
        /// A receipt was updated.
        ReceiptUpdated = "receipt.updated",
        /// A subscription was added.
        SubscriptionAdded = "subscription.added",
        /// A subscription was deactivated.
        SubscriptionDeactivated = "subscription.deactivated",
        /// A subscription was deleted.
        SubscriptionDeleted = "subscription.deleted",
        /// A subscription was updated.
        SubscriptionUpdated = "subscription.updated",
        /// A task outside the newer projects (not a `nextgenTask`) was completed.
        TaskCompleted = "task.completed",
        /// A task outside the newer projects (not a `nextgenTask`) was created.
        TaskCreated = "task.created",
        /// A task outside the newer projects (not a `nextgenTask`) was deleted.
        TaskDeleted = "task.deleted",
        /// A task outside the newer projects (not a `nextgenTask`) was updated.
        TaskUpdated = "task.updated",
        /// A ticket was closed.
        TicketClosed = "ticket.closed",
        /// A ticket was created.
        TicketCreated = "ticket.created",
        /// A ticket was deleted.
        TicketDeleted = "ticket.deleted",
        /// A ticket was reopened.
        TicketReopened = "ticket.reopened",
        /// A ticket was updated.
        TicketUpdated = "ticket.updated",
        /// A ticket message was added.
        TicketMessageAdded = "ticketMessage.added",
        /// A time tracking entry was added.
        TimeTrackingAdded = "timeTracking.added",
        /// A time tracking entry was deleted.
        TimeTrackingDeleted = "timeTracking.deleted",
        /// A time tracking entry was updated.
        TimeTrackingUpdated = "timeTracking.updated",
        /// A user was deactivated.
        UserDeactivated = "user.deactivated",
    }
}
