//! The calls of the other resources: tasks, time, calendar, projects, tickets, expenses, planning and settings.

use serde_json::Value;
use time::Date;

use super::{Case, all, id, json, of, page, split, text};
use crate::teamleader::json::Dated as _;
use crate::teamleader::{Reference, notes};

fn day(request: &Value, name: &str) -> Date {
    Date::read(text(request, name)).expect("a date")
}

pub(super) const CASES: &[Case] = &[
    ("tasks.list", |t, r| page(t.tasks().list(), r)),
    ("tasks.info", |t, r| json(t.tasks().get(id(r)))),
    ("tasks.create", |t, r| json(t.tasks().create(&of(r)))),
    ("tasks.schedule", |t, r| json(t.tasks().schedule(id(r), &of(r)))),
    ("tasks.complete", |t, r| json(t.tasks().complete(id(r)))),
    ("tasks.reopen", |t, r| json(t.tasks().reopen(id(r)))),
    ("tasks.delete", |t, r| json(t.tasks().delete(id(r)))),
    ("tasks.update", |t, r| json(t.tasks().update(id(r), &of(r)))),
    ("timeTracking.list", |t, r| page(t.time_tracking().list(), r)),
    ("timeTracking.info", |t, r| match &*split(r) {
        [] => json(t.time_tracking().get(id(r))),
        includes => json(t.time_tracking().get_with(id(r), includes)),
    }),
    ("timeTracking.add", |t, r| json(t.time_tracking().create(&of(r)))),
    ("timeTracking.resume", |t, r| json(t.time_tracking().resume(id(r), &of(r)))),
    ("timeTracking.delete", |t, r| json(t.time_tracking().delete(id(r)))),
    ("timeTracking.update", |t, r| json(t.time_tracking().update(id(r), &of(r)))),
    ("timers.start", |t, r| json(t.timers().start(&of(r)))),
    ("timers.update", |t, r| json(t.timers().update(&of(r)))),
    ("timers.current", |t, _| json(t.timers().current())),
    ("timers.stop", |t, _| json(t.timers().stop())),
    ("events.list", |t, r| page(t.events().list(), r)),
    ("events.info", |t, r| json(t.events().get(id(r)))),
    ("events.create", |t, r| json(t.events().create(&of(r)))),
    ("events.cancel", |t, r| json(t.events().cancel(id(r)))),
    ("events.update", |t, r| json(t.events().update(id(r), &of(r)))),
    ("meetings.list", |t, r| page(t.meetings().list(), r)),
    ("meetings.info", |t, r| match &*split(r) {
        [] => json(t.meetings().get(id(r))),
        includes => json(t.meetings().get_with(id(r), includes)),
    }),
    ("meetings.schedule", |t, r| json(t.meetings().create(&of(r)))),
    ("meetings.createReport", |t, r| json(t.meetings().create_report(id(r), &of(r)))),
    ("meetings.complete", |t, r| json(t.meetings().complete(id(r)))),
    ("meetings.delete", |t, r| json(t.meetings().delete(id(r)))),
    ("meetings.update", |t, r| json(t.meetings().update(id(r), &of(r)))),
    ("calls.list", |t, r| page(t.calls().list(), r)),
    ("calls.info", |t, r| json(t.calls().get(id(r)))),
    ("calls.add", |t, r| json(t.calls().create(&of(r)))),
    ("calls.update", |t, r| json(t.calls().update(id(r), &of(r)))),
    ("calls.complete", |t, r| json(t.calls().complete(id(r), &of(r)))),
    ("creditNotes.list", |t, r| page(t.credit_notes().list(), r)),
    ("creditNotes.info", |t, r| json(t.credit_notes().get(id(r)))),
    ("creditNotes.download", |t, r| json(t.credit_notes().download(id(r), &of(&r["format"])))),
    ("creditNotes.sendViaPeppol", |t, r| json(t.credit_notes().send_via_peppol(id(r)))),
    ("orders.list", |t, r| page(t.orders().list(), r)),
    ("orders.info", |t, r| match &*split(r) {
        [] => json(t.orders().get(id(r))),
        includes => json(t.orders().get_with(id(r), includes)),
    }),
    ("subscriptions.list", |t, r| page(t.subscriptions().list(), r)),
    ("subscriptions.info", |t, r| json(t.subscriptions().get(id(r)))),
    ("subscriptions.create", |t, r| json(t.subscriptions().create(&of(r)))),
    ("subscriptions.deactivate", |t, r| json(t.subscriptions().deactivate(id(r)))),
    ("subscriptions.update", |t, r| json(t.subscriptions().update(id(r), &of(r)))),
    ("tickets.list", |t, r| page(t.tickets().list(), r)),
    ("ticketStatus.list", |t, r| page(t.ticket_statuses().list(), r)),
    ("tickets.info", |t, r| json(t.tickets().get(id(r)))),
    ("tickets.getMessage", |t, r| json(t.tickets().message(text(r, "message_id")))),
    ("tickets.create", |t, r| json(t.tickets().create(&of(r)))),
    ("tickets.addReply", |t, r| json(t.tickets().reply(id(r), &of(r)))),
    ("tickets.addInternalMessage", |t, r| json(t.tickets().add_internal_message(id(r), &of(r)))),
    ("tickets.importMessage", |t, r| json(t.tickets().import_message(id(r), &of(r)))),
    ("tickets.update", |t, r| json(t.tickets().update(id(r), &of(r)))),
    ("tickets.listMessages", |t, r| page(t.tickets().messages(id(r)), r)),
    ("projects-v2/projects.list", |t, r| page(t.projects().list(), r)),
    ("projects-v2/projects.info", |t, r| match &*split(r) {
        [] => json(t.projects().get(id(r))),
        includes => json(t.projects().get_with(id(r), includes)),
    }),
    ("projects-v2/projects.duplicate", |t, r| {
        json(t.projects().duplicate(id(r), text(r, "title")))
    }),
    ("projects-v2/projects.create", |t, r| json(t.projects().create(&of(r)))),
    ("projects-v2/projects.close", |t, r| {
        json(t.projects().close(id(r), &of(&r["closing_strategy"])))
    }),
    ("projects-v2/projects.reopen", |t, r| json(t.projects().reopen(id(r)))),
    ("projects-v2/projects.delete", |t, r| {
        json(t.projects().delete(id(r), &of(&r["delete_strategy"])))
    }),
    ("projects-v2/projects.addOwner", |t, r| {
        json(t.projects().add_owner(id(r), text(r, "user_id")))
    }),
    ("projects-v2/projects.removeOwner", |t, r| {
        json(t.projects().remove_owner(id(r), text(r, "user_id")))
    }),
    ("projects-v2/projects.assign", |t, r| json(t.projects().assign(id(r), &of(&r["assignee"])))),
    ("projects-v2/projects.unassign", |t, r| {
        json(t.projects().unassign(id(r), &of(&r["assignee"])))
    }),
    ("projects-v2/projects.addCustomer", |t, r| {
        json(t.projects().add_customer(id(r), &of(&r["customer"])))
    }),
    ("projects-v2/projects.removeCustomer", |t, r| {
        json(t.projects().remove_customer(id(r), &of(&r["customer"])))
    }),
    ("projects-v2/projects.addDeal", |t, r| json(t.projects().add_deal(id(r), text(r, "deal_id")))),
    ("projects-v2/projects.removeDeal", |t, r| {
        json(t.projects().remove_deal(id(r), text(r, "deal_id")))
    }),
    ("projects-v2/projects.addQuotation", |t, r| {
        json(t.projects().add_quotation(id(r), text(r, "quotation_id")))
    }),
    ("projects-v2/projects.removeQuotation", |t, r| {
        json(t.projects().remove_quotation(id(r), text(r, "quotation_id")))
    }),
    ("projects-v2/projects.update", |t, r| json(t.projects().update(id(r), &of(r)))),
    ("projects-v2/externalParties.delete", |t, r| json(t.projects().remove_external_party(id(r)))),
    ("projects-v2/externalParties.addToProject", |t, r| {
        json(t.projects().add_external_party(&of(r)))
    }),
    ("projects-v2/externalParties.update", |t, r| {
        json(t.projects().update_external_party(id(r), &of(r)))
    }),
    ("projects-v2/projectLines.addToGroup", |t, r| {
        json(t.projects().add_to_group(text(r, "line_id"), text(r, "group_id")))
    }),
    ("projects-v2/projectLines.removeFromGroup", |t, r| {
        json(t.projects().remove_from_group(text(r, "line_id")))
    }),
    ("projects-v2/projectLines.list", |t, r| page(t.projects().lines(text(r, "project_id")), r)),
    ("projects-v2/projectGroups.list", |t, r| page(t.project_groups().list(), r)),
    ("projects-v2/projectGroups.info", |t, r| json(t.project_groups().get(id(r)))),
    ("projects-v2/projectGroups.duplicate", |t, r| {
        json(t.project_groups().duplicate(text(r, "origin_id")))
    }),
    ("projects-v2/projectGroups.create", |t, r| json(t.project_groups().create(&of(r)))),
    ("projects-v2/projectGroups.delete", |t, r| {
        json(t.project_groups().delete(id(r), &of(&r["delete_strategy"])))
    }),
    ("projects-v2/projectGroups.assign", |t, r| {
        json(t.project_groups().assign(id(r), &of(&r["assignee"])))
    }),
    ("projects-v2/projectGroups.unassign", |t, r| {
        json(t.project_groups().unassign(id(r), &of(&r["assignee"])))
    }),
    ("projects-v2/projectGroups.update", |t, r| json(t.project_groups().update(id(r), &of(r)))),
    ("projects-v2/tasks.list", |t, r| page(t.project_tasks().list(), r)),
    ("projects-v2/tasks.info", |t, r| json(t.project_tasks().get(id(r)))),
    ("projects-v2/tasks.duplicate", |t, r| json(t.project_tasks().duplicate(text(r, "origin_id")))),
    ("projects-v2/tasks.create", |t, r| json(t.project_tasks().create(&of(r)))),
    ("projects-v2/tasks.delete", |t, r| {
        json(t.project_tasks().delete(id(r), &of(&r["delete_strategy"])))
    }),
    ("projects-v2/tasks.assign", |t, r| json(t.project_tasks().assign(id(r), &of(&r["assignee"])))),
    ("projects-v2/tasks.unassign", |t, r| {
        json(t.project_tasks().unassign(id(r), &of(&r["assignee"])))
    }),
    ("projects-v2/tasks.update", |t, r| json(t.project_tasks().update(id(r), &of(r)))),
    ("projects-v2/materials.list", |t, r| page(t.project_materials().list(), r)),
    ("projects-v2/materials.info", |t, r| json(t.project_materials().get(id(r)))),
    ("projects-v2/materials.duplicate", |t, r| {
        json(t.project_materials().duplicate(text(r, "origin_id")))
    }),
    ("projects-v2/materials.create", |t, r| json(t.project_materials().create(&of(r)))),
    ("projects-v2/materials.delete", |t, r| json(t.project_materials().delete(id(r)))),
    ("projects-v2/materials.assign", |t, r| {
        json(t.project_materials().assign(id(r), &of(&r["assignee"])))
    }),
    ("projects-v2/materials.unassign", |t, r| {
        json(t.project_materials().unassign(id(r), &of(&r["assignee"])))
    }),
    ("projects-v2/materials.update", |t, r| json(t.project_materials().update(id(r), &of(r)))),
    ("projects.list", |t, r| page(t.legacy_projects().list(), r)),
    ("projects.info", |t, r| json(t.legacy_projects().get(id(r)))),
    ("projects.create", |t, r| json(t.legacy_projects().create(&of(r)))),
    ("projects.close", |t, r| json(t.legacy_projects().close(id(r)))),
    ("projects.reopen", |t, r| json(t.legacy_projects().reopen(id(r)))),
    ("projects.delete", |t, r| json(t.legacy_projects().delete(id(r)))),
    ("projects.update", |t, r| json(t.legacy_projects().update(id(r), &of(r)))),
    ("projects.addParticipant", |t, r| json(t.legacy_projects().add_participant(id(r), &of(r)))),
    ("projects.updateParticipant", |t, r| {
        json(t.legacy_projects().update_participant(id(r), &of(r)))
    }),
    ("milestones.list", |t, r| page(t.milestones().list(), r)),
    ("milestones.info", |t, r| json(t.milestones().get(id(r)))),
    ("milestones.create", |t, r| json(t.milestones().create(&of(r)))),
    ("milestones.close", |t, r| json(t.milestones().close(id(r)))),
    ("milestones.open", |t, r| json(t.milestones().open(id(r)))),
    ("milestones.delete", |t, r| json(t.milestones().delete(id(r)))),
    ("milestones.update", |t, r| json(t.milestones().update(id(r), &of(r)))),
    ("notes.create", |t, r| json(t.notes().create(&of(r)))),
    ("notes.update", |t, r| json(t.notes().update(id(r), &of(r)))),
    ("emailTracking.create", |t, r| json(t.email_tracking().create(&of(r)))),
    ("notes.list", |t, r| page(t.notes().of(of::<Reference>(&r["filter"]["subject"])), r)),
    ("emailTracking.list", |t, r| {
        page(t.email_tracking().of(of::<Reference>(&r["filter"]["subject"])), r)
    }),
    ("mailTemplates.list", |t, r| {
        page(t.mail_templates().of(of::<notes::MailTemplateType>(&r["filter"]["type"])), r)
    }),
    ("documentTemplates.list", |t, r| {
        page(
            t.document_templates().of(
                text(&r["filter"], "department_id"),
                of::<notes::DocumentType>(&r["filter"]["document_type"]),
            ),
            r,
        )
    }),
    ("paymentTerms.list", |t, r| page(t.payment_terms().list(), r)),
    ("commercialDiscounts.list", |t, r| page(t.commercial_discounts().list(), r)),
    ("closingDays.list", |t, r| page(t.closing_days().list(), r)),
    ("closingDays.delete", |t, r| json(t.closing_days().delete(id(r)))),
    ("businessTypes.list", |t, r| page(t.business_types().of(text(r, "country")), r)),
    ("levelTwoAreas.list", |t, r| {
        page(t.level_two_areas().of(text(r, "country"), text(r, "language")), r)
    }),
    ("currencies.exchangeRates", |t, r| page(t.currencies().exchange_rates(&of(&r["base"])), r)),
    ("closingDays.add", |t, r| json(t.closing_days().create(day(r, "day")))),
    ("daysOff.import", |t, r| json(t.days_off().import(&of(r)))),
    ("dayOffTypes.create", |t, r| json(t.day_off_types().create(&of(r)))),
    ("dayOffTypes.delete", |t, r| json(t.day_off_types().delete(id(r)))),
    ("dayOffTypes.update", |t, r| json(t.day_off_types().update(id(r), &of(r)))),
    ("users.getWeekSchedule", |t, r| json(t.users().week_schedule(id(r)))),
    ("users.listDaysOff", |t, r| page(t.days_off().of(id(r)), r)),
    ("daysOff.bulkDelete", |t, r| {
        json(t.days_off().delete_many(text(r, "user_id"), &all(r, "ids")))
    }),
    ("expenses.list", |t, r| page(t.expenses().list(), r)),
    ("bookkeepingSubmissions.list", |t, r| {
        page(t.bookkeeping_submissions().of(of::<Reference>(&r["filter"]["subject"])), r)
    }),
    ("incomingInvoices.info", |t, r| json(t.incoming_invoices().get(id(r)))),
    ("incomingInvoices.add", |t, r| json(t.incoming_invoices().create(&of(r)))),
    ("incomingInvoices.registerPayment", |t, r| {
        json(t.incoming_invoices().register_payment(id(r), &of(r)))
    }),
    ("incomingInvoices.approve", |t, r| json(t.incoming_invoices().approve(id(r)))),
    ("incomingInvoices.refuse", |t, r| json(t.incoming_invoices().refuse(id(r)))),
    ("incomingInvoices.markAsPendingReview", |t, r| {
        json(t.incoming_invoices().mark_as_pending_review(id(r)))
    }),
    ("incomingInvoices.sendToBookkeeping", |t, r| {
        json(t.incoming_invoices().send_to_bookkeeping(id(r)))
    }),
    ("incomingInvoices.delete", |t, r| json(t.incoming_invoices().delete(id(r)))),
    ("incomingInvoices.removePayment", |t, r| {
        json(t.incoming_invoices().remove_payment(id(r), text(r, "payment_id")))
    }),
    ("incomingInvoices.update", |t, r| json(t.incoming_invoices().update(id(r), &of(r)))),
    ("incomingInvoices.updatePayment", |t, r| {
        json(t.incoming_invoices().update_payment(id(r), &of(r)))
    }),
    ("incomingInvoices.listPayments", |t, r| page(t.incoming_invoices().payments(id(r)), r)),
    ("incomingCreditNotes.info", |t, r| json(t.incoming_credit_notes().get(id(r)))),
    ("incomingCreditNotes.add", |t, r| json(t.incoming_credit_notes().create(&of(r)))),
    ("incomingCreditNotes.registerPayment", |t, r| {
        json(t.incoming_credit_notes().register_payment(id(r), &of(r)))
    }),
    ("incomingCreditNotes.approve", |t, r| json(t.incoming_credit_notes().approve(id(r)))),
    ("incomingCreditNotes.refuse", |t, r| json(t.incoming_credit_notes().refuse(id(r)))),
    ("incomingCreditNotes.markAsPendingReview", |t, r| {
        json(t.incoming_credit_notes().mark_as_pending_review(id(r)))
    }),
    ("incomingCreditNotes.sendToBookkeeping", |t, r| {
        json(t.incoming_credit_notes().send_to_bookkeeping(id(r)))
    }),
    ("incomingCreditNotes.delete", |t, r| json(t.incoming_credit_notes().delete(id(r)))),
    ("incomingCreditNotes.removePayment", |t, r| {
        json(t.incoming_credit_notes().remove_payment(id(r), text(r, "payment_id")))
    }),
    ("incomingCreditNotes.update", |t, r| json(t.incoming_credit_notes().update(id(r), &of(r)))),
    ("incomingCreditNotes.updatePayment", |t, r| {
        json(t.incoming_credit_notes().update_payment(id(r), &of(r)))
    }),
    ("incomingCreditNotes.listPayments", |t, r| page(t.incoming_credit_notes().payments(id(r)), r)),
    ("receipts.info", |t, r| json(t.receipts().get(id(r)))),
    ("receipts.add", |t, r| json(t.receipts().create(&of(r)))),
    ("receipts.registerPayment", |t, r| json(t.receipts().register_payment(id(r), &of(r)))),
    ("receipts.approve", |t, r| json(t.receipts().approve(id(r)))),
    ("receipts.refuse", |t, r| json(t.receipts().refuse(id(r)))),
    ("receipts.markAsPendingReview", |t, r| json(t.receipts().mark_as_pending_review(id(r)))),
    ("receipts.sendToBookkeeping", |t, r| json(t.receipts().send_to_bookkeeping(id(r)))),
    ("receipts.delete", |t, r| json(t.receipts().delete(id(r)))),
    ("receipts.removePayment", |t, r| {
        json(t.receipts().remove_payment(id(r), text(r, "payment_id")))
    }),
    ("receipts.update", |t, r| json(t.receipts().update(id(r), &of(r)))),
    ("receipts.updatePayment", |t, r| json(t.receipts().update_payment(id(r), &of(r)))),
    ("receipts.listPayments", |t, r| page(t.receipts().payments(id(r)), r)),
    ("plannableItems.list", |t, r| page(t.plannable_items().list(), r)),
    ("reservations.list", |t, r| page(t.reservations().list(), r)),
    ("plannableItems.info", |t, r| match r["id"].as_str() {
        Some(id) => json(t.plannable_items().get(id)),
        None => json(t.plannable_items().get_by_source(&of(&r["source"]))),
    }),
    ("reservations.create", |t, r| json(t.reservations().create(&of(r)))),
    ("reservations.delete", |t, r| json(t.reservations().delete(id(r)))),
    ("reservations.update", |t, r| json(t.reservations().update(id(r), &of(r)))),
    ("userAvailability.total", |t, r| {
        page(
            t.user_availability()
                .total(day(&r["period"], "start_date"), day(&r["period"], "end_date")),
            r,
        )
    }),
    ("userAvailability.daily", |t, r| {
        page(
            t.user_availability()
                .daily(day(&r["period"], "start_date"), day(&r["period"], "end_date")),
            r,
        )
    }),
    ("accounts.projects-v2-status", |t, _| json(t.account().projects_status())),
    ("cloudPlatforms.url", |t, r| json(t.account().cloud_url(&of(r)))),
    ("migrate.id", |t, r| {
        json(t.account().migrated_id(text(r, "type"), r["id"].as_u64().unwrap()))
    }),
    ("migrate.taxRate", |t, r| {
        json(t.account().migrated_tax_rate(text(r, "department_id"), text(r, "tax_rate")))
    }),
    ("migrate.activityType", |t, r| json(t.account().migrated_activity_type(&of(&r["type"])))),
];
