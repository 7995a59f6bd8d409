//! Growable typed columns: little-endian values back to back, and a validity bitmap (bit set = present)
//! in Arrow's layout, so that the host wraps them without touching a value.

use crate::schema::{columns_of, TableId, Type};
use alloc::vec::Vec;

/// One column: `rows` values of `Type::width()` bytes, absent ones stored as zero with a clear validity bit.
#[derive(Clone, Debug)]
pub struct Column {
    /// Value type; decides the width.
    pub ty: Type,
    /// Values, little-endian.
    pub data: Vec<u8>,
    /// Arrow validity bitmap, least significant bit first.
    pub validity: Vec<u8>,
    /// Number of values, present or not.
    pub rows: usize,
    /// Number of absent values.
    pub nulls: usize,
}

impl Column {
    /// An empty column of `ty`.
    pub fn new(ty: Type) -> Self {
        Column { ty, data: Vec::new(), validity: Vec::new(), rows: 0, nulls: 0 }
    }

    fn mark(&mut self, present: bool) {
        let bit = (self.rows & 7) as u8;
        if bit == 0 {
            self.validity.push(0);
        }
        if present {
            if let Some(last) = self.validity.last_mut() {
                *last |= 1 << bit;
            }
        } else {
            self.nulls += 1;
        }
        self.rows += 1;
    }

    fn put(&mut self, bytes: &[u8]) {
        debug_assert_eq!(bytes.len(), self.ty.width());
        self.data.extend_from_slice(bytes);
        self.mark(true);
    }

    fn put_absent(&mut self) {
        let width = self.ty.width();
        self.data.resize(self.data.len() + width, 0);
        self.mark(false);
    }

    fn clear(&mut self) {
        self.data.clear();
        self.validity.clear();
        self.rows = 0;
        self.nulls = 0;
    }
}

/// One table under construction. A row is put left to right; `end_row` proves that every column got its value.
///
/// Columns that the host derives (`Type::Host`) are skipped here: they take no `put`.
#[derive(Clone, Debug)]
pub struct Table {
    /// Columns in schema order, without the host-derived ones.
    pub columns: Vec<Column>,
    cursor: usize,
    rows: usize,
    misfits: usize,
}

impl Table {
    /// An empty table with the columns of `id`.
    pub fn new(id: TableId) -> Self {
        let columns = columns_of(id)
            .into_iter()
            .filter(|column| column.ty != Type::Host)
            .map(|column| Column::new(column.ty))
            .collect();
        Table { columns, cursor: 0, rows: 0, misfits: 0 }
    }

    /// Rows finished so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Rows that were ended with too few or too many values: a bug in the writer, checked by tests.
    pub fn misfits(&self) -> usize {
        self.misfits
    }

    /// Bytes held by all columns.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(|column| column.data.len() + column.validity.len()).sum()
    }

    /// Empties the table and keeps its memory.
    pub fn clear(&mut self) {
        for column in &mut self.columns {
            column.clear();
        }
        self.cursor = 0;
        self.rows = 0;
    }

    fn put(&mut self, bytes: &[u8]) {
        if let Some(column) = self.columns.get_mut(self.cursor) {
            column.put(bytes);
        }
        self.cursor += 1;
    }

    /// Next column: absent.
    pub fn null(&mut self) {
        if let Some(column) = self.columns.get_mut(self.cursor) {
            column.put_absent();
        }
        self.cursor += 1;
    }

    /// Next `count` columns: absent.
    pub fn nulls(&mut self, count: usize) {
        for _ in 0..count {
            self.null();
        }
    }

    /// Next column, `Type::I64`.
    pub fn i64(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.put(&value.to_le_bytes()),
            None => self.null(),
        }
    }

    /// Next column, `Type::U32`.
    pub fn u32(&mut self, value: Option<u32>) {
        match value {
            Some(value) => self.put(&value.to_le_bytes()),
            None => self.null(),
        }
    }

    /// Next column, `Type::U16`.
    pub fn u16(&mut self, value: Option<u16>) {
        match value {
            Some(value) => self.put(&value.to_le_bytes()),
            None => self.null(),
        }
    }

    /// Next column, `Type::U8`, `Type::Bool` (0 or 1) or `Type::Code` (index into its list).
    pub fn u8(&mut self, value: Option<u8>) {
        match value {
            Some(value) => self.put(&[value]),
            None => self.null(),
        }
    }

    /// Next column, `Type::F64`.
    pub fn f64(&mut self, value: Option<f64>) {
        match value {
            Some(value) => self.put(&value.to_le_bytes()),
            None => self.null(),
        }
    }

    /// Next column, `Type::Address`: 16 bytes, IPv4 as ::ffff:a.b.c.d.
    pub fn address(&mut self, value: &[u8; 16]) {
        self.put(value);
    }

    /// Ends the row.
    pub fn end_row(&mut self) {
        if self.cursor != self.columns.len() {
            self.misfits += 1;
        }
        self.cursor = 0;
        self.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_values_keep_their_place_and_clear_their_bit() {
        let mut column = Column::new(Type::U16);
        column.put(&7u16.to_le_bytes());
        column.put_absent();
        column.put(&9u16.to_le_bytes());
        assert_eq!(column.data, [7, 0, 0, 0, 9, 0]);
        assert_eq!(column.validity, [0b101]);
        assert_eq!((column.rows, column.nulls), (3, 1));
    }

    #[test]
    fn a_row_with_a_missing_value_is_counted_as_a_misfit() {
        let mut table = Table::new(TableId::Rtt);
        table.u32(Some(1));
        table.end_row();
        assert_eq!(table.misfits(), 1);
    }
}
