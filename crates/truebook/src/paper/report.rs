//! The paper venue's records in the terms that every venue speaks.

use super::record::{FillRecord, OrderClass, OrderRecord, OrderStatus, PositionRecord};
use truebook_core::capability::IdClass;
use truebook_core::id::Instrument;
use truebook_core::life::Closing;
use truebook_core::observation::{FillReport, OrderReport, PositionReport, ReportStatus};

/// What the venue says of an order.
pub(super) fn order(record: &OrderRecord) -> OrderReport {
    OrderReport {
        client_id: Some(record.client_id.clone()),
        venue_order: record.id.clone(),
        instrument: record.instrument.clone(),
        side: record.side,
        order_type: Some(record.order_type),
        time_in_force: Some(record.time_in_force),
        quantity: Some(record.quantity),
        filled: record.filled,
        average_price: record.average_price(),
        limit: record.limit,
        stop: record.stop,
        status: status(record.status),
        word: record.status.word().into(),
        parent: record.parent.clone(),
        role: (record.class != OrderClass::Simple).then_some(record.role),
        replaces: record.replaces.clone(),
        replaced_by: record.replaced_by.clone(),
        submitted_at: Some(record.submitted_at),
        updated_at: Some(record.updated_at),
        why: record.why.clone(),
    }
}

const fn status(status: OrderStatus) -> ReportStatus {
    match status {
        OrderStatus::New | OrderStatus::PartiallyFilled | OrderStatus::Held | OrderStatus::PendingNew => {
            ReportStatus::Live
        }
        OrderStatus::PendingReplace => ReportStatus::PendingReplace,
        OrderStatus::PendingCancel => ReportStatus::PendingCancel,
        OrderStatus::Filled => ReportStatus::Ended(Closing::Filled),
        OrderStatus::Canceled => ReportStatus::Ended(Closing::Cancelled),
        OrderStatus::Expired => ReportStatus::Ended(Closing::Expired),
        OrderStatus::Replaced => ReportStatus::Ended(Closing::Replaced),
        OrderStatus::Rejected => ReportStatus::Ended(Closing::Rejected),
    }
}

/// What the venue says of an execution. Where ids are labels they come with executions; elsewhere only the
/// venue's own id of the order does.
pub(super) fn fill(record: &FillRecord, class: IdClass) -> FillReport {
    FillReport {
        execution: record.execution.clone(),
        venue_order: record.order.clone(),
        client_id: (class == IdClass::C).then(|| record.client_id.clone()),
        instrument: record.instrument.clone(),
        side: record.side,
        quantity: record.quantity,
        price: record.price,
        fee: record.fee.clone(),
        at: record.at,
    }
}

pub(super) fn position((instrument, record): &(Instrument, PositionRecord)) -> PositionReport {
    PositionReport {
        instrument: instrument.clone(),
        quantity: record.quantity,
        average_price: record.average_price(),
    }
}
