//! `export csv`: a directory with a file a table.

use super::rows::{self, Counts, Sink};
use super::tables::{Cell, TABLES, Table};
use super::target::{Target, create_private};
use crate::errors::Failure;
use crate::needs::Needs;
use csv::Writer;
use std::error::Error;
use std::fs::File;
use std::path::Path;
use truebook::book::Peek;

struct Files(Vec<(Table, Writer<File>)>);

pub(super) fn export(needs: &Needs, peek: &Peek, out: &Path) -> Result<Counts, Failure> {
    let target = Target::new(out)?;
    target.create_dir()?;
    let mut files = Files::create(target.partial())?;
    let counts = rows::write(needs, peek, &mut files)?;
    files.finish()?;
    target.finish()?;
    Ok(counts)
}

fn failed(table: Table, failed: &dyn Error) -> Failure {
    Failure::new(format!("write {}.csv", table.name())).with_cause(failed)
}

impl Files {
    fn create(directory: &Path) -> Result<Self, Failure> {
        let files = TABLES.into_iter().map(|table| {
            let file = create_private(&directory.join(format!("{}.csv", table.name())));
            let mut writer = Writer::from_writer(file.map_err(|error| failed(table, &error))?);
            writer.write_record(table.columns()).map_err(|error| failed(table, &error))?;
            Ok((table, writer))
        });
        Ok(Self(files.collect::<Result<_, Failure>>()?))
    }

    fn finish(self) -> Result<(), Failure> {
        for (table, writer) in self.0 {
            let file = writer.into_inner().map_err(|error| failed(table, &error))?;
            file.sync_all().map_err(|error| failed(table, &error))?;
        }
        Ok(())
    }
}

impl Sink for Files {
    fn row(&mut self, table: Table, cells: &[Cell<'_>]) -> Result<(), Failure> {
        let writer = self.0.iter_mut().find(|(found, _)| *found == table);
        let fields = cells.iter().map(|cell| match cell {
            Cell::Null => String::new(),
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) => text.to_string(),
        });
        writer
            .map_or(Ok(()), |(_, writer)| writer.write_record(fields))
            .map_err(|error| failed(table, &error))
    }
}
