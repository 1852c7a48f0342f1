//! Credit notes.

use time::{Date, OffsetDateTime};

use super::declare::{body, enums, object};
use super::departments::Department;
use super::files::Location;
use super::invoices::{Invoice, PeppolStatus};
use super::lines::{CommercialDiscount, LineGroup, LineItem};
use super::macros::{listed, methods, resource};
use super::notes::DocumentTemplate;
use super::projects::Project;
use super::{Currency, Customer, ExchangeRate, Id, Money, Nothing, Reference, Tax};
use crate::error::Result;

enums! {
    /// The file formats of a credit note.
    pub enum CreditNoteFormat {
        /// PDF.
        Pdf = "pdf",
        /// UBL, the Belgian e-FFF.
        UblEfff = "ubl/e-fff",
    }

    /// The status of a credit note.
    pub enum CreditNoteStatus {
        /// Booked.
        Booked = "booked",
    }
}

object! {
    /// The customer who gets a credit note.
    pub struct CreditNoteInvoicee {
        /// The name.
        name: Option<String>,
        /// The VAT number.
        vat_number: Option<String>,
        /// The contact or the company.
        customer: Option<Reference>,
        /// The email address; not in a list.
        email: Option<String>,
        /// The national identification number.
        national_identification_number: Option<String>,
    }
}

object! {
    /// The totals of a credit note.
    pub struct CreditNoteTotal {
        /// The total without tax.
        tax_exclusive: Option<Money>,
        /// The total with tax.
        tax_inclusive: Option<Money>,
        /// The amount to pay.
        payable: Option<Money>,
        /// The tax at each rate.
        taxes: Vec<Tax>,
    }
}

object! {
    /// A credit note.
    pub struct CreditNote {
        /// The id.
        id: Id<CreditNote>,
        /// The department.
        department: Option<Reference<Department>>,
        /// The number, such as `2018 / 27`.
        credit_note_number: Option<String>,
        /// The date of the credit note.
        credit_note_date: Option<Date>,
        /// The status.
        status: Option<CreditNoteStatus>,
        /// The invoice that is credited.
        invoice: Option<Reference<Invoice>>,
        /// Whether the credit note is paid.
        paid: Option<bool>,
        /// The time of the payment.
        paid_at: Option<OffsetDateTime>,
        /// The invoicee: the customer who gets the invoice.
        invoicee: Option<CreditNoteInvoicee>,
        /// The discounts on the whole document; not in a list.
        discounts: Vec<CommercialDiscount>,
        /// The totals.
        total: Option<CreditNoteTotal>,
        /// The lines; not in a list.
        grouped_lines: Option<Vec<LineGroup<LineItem>>>,
        /// The currency; not in a list.
        currency: Option<Currency>,
        /// The exchange rate to the account's currency; not in a list.
        currency_exchange_rate: Option<ExchangeRate>,
        /// The time of creation.
        created_at: Option<OffsetDateTime>,
        /// The time of the last change.
        updated_at: Option<OffsetDateTime>,
        /// The document template; not in a list.
        document_template: Option<Reference<DocumentTemplate>>,
        /// The status of sending through Peppol; not in a list.
        peppol_status: Option<PeppolStatus>,
    }
}

body! {
    /// A filter for credit notes.
    pub struct CreditNoteFilter {
        ; set
        /// Credit notes with one of these ids.
        ids: Vec<Id<CreditNote>>,
        /// Credit notes of this department.
        department_id: Id<Department>,
        /// Credit notes changed since this time.
        updated_since: OffsetDateTime,
        /// Credit notes of this invoice.
        invoice_id: Id<Invoice>,
        /// Credit notes of this project.
        project_id: Id<Project>,
        /// Credit notes of this contact or company.
        customer: Customer,
        /// Credit notes of this date or a later date.
        credit_note_date_after: Date,
        /// Credit notes of this date or an earlier date.
        credit_note_date_before: Date,
    }
}

listed! {
    CreditNote => "creditNotes.list", CreditNoteFilter, Nothing, Nothing;
}

resource! {
    /// The operations on credit notes, from [`Teamleader::credit_notes`](super::Teamleader::credit_notes).
    pub struct CreditNotes of CreditNote
}

methods! {
    impl CreditNotes of CreditNote;
    fetch {
        /// Fetches one credit note.
        get(id: CreditNote) -> CreditNote = "creditNotes.info";
        /// Fetches the address from which [`Files::fetch`](super::files::Files::fetch) downloads the credit
        /// note.
        download(id: CreditNote; format: &CreditNoteFormat) -> Location = "creditNotes.download";
    }
    act {
        /// Sends the credit note through Peppol.
        send_via_peppol(id: CreditNote) = "creditNotes.sendViaPeppol";
    }
}
