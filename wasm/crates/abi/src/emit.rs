//! Prints `src/engine/abi.generated.ts`: tables, columns, diagnostics, error codes, ABI version.

use columns::{columns_of, CaptureErrorCode, Diagnostic, Severity, Type, TABLES};
use std::fmt::Write;

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::I64 => "i64",
        Type::U32 => "u32",
        Type::U16 => "u16",
        Type::U8 => "u8",
        Type::F64 => "f64",
        Type::Bool => "bool",
        Type::Address => "address",
        Type::Code(_) => "code",
        Type::Path(_) => "path",
        Type::Host => "host",
    }
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Notice => "notice",
        Severity::DataLoss => "data-loss",
        Severity::Error => "error",
    }
}

/// The whole generated file.
pub fn typescript() -> String {
    let mut out = String::from(
        "// Printed by `cargo run -p abi --bin emit_abi` from the Rust lists; `npm run wasm:build` writes it. Never edited.\n\n",
    );
    let _ = writeln!(out, "export const ABI_VERSION = {};\n", crate::ABI_VERSION);
    out.push_str(
        "export type ColumnType = 'i64' | 'u32' | 'u16' | 'u8' | 'f64' | 'bool' | 'address' | 'code' | 'path' | 'host';\n\n\
         export interface ColumnDef {\n  readonly name: string;\n  readonly type: ColumnType;\n  readonly unit: string;\n  \
         readonly definition: string;\n  readonly codes?: readonly string[];\n}\n\n\
         export type TableName = 'packets' | 'flows' | 'rtt' | 'bins' | 'events';\n\n\
         export const TABLES: Readonly<Record<TableName, { readonly id: number; readonly columns: readonly ColumnDef[] }>> = {\n",
    );
    for &(id, name) in TABLES {
        let _ = writeln!(out, "  {name}: {{\n    id: {},\n    columns: [", id as u32);
        for column in columns_of(id) {
            let codes = match column.ty {
                Type::Code(list) | Type::Path(list) => {
                    let names: Vec<String> = list.iter().map(|name| text(name)).collect();
                    format!(", codes: [{}]", names.join(", "))
                }
                _ => String::new(),
            };
            let _ = writeln!(
                out,
                "      {{ name: {}, type: '{}', unit: {}, definition: {}{codes} }},",
                text(&column.name),
                type_name(column.ty),
                text(column.unit),
                text(column.definition),
            );
        }
        out.push_str("    ],\n  },\n");
    }
    out.push_str("};\n\nexport type Severity = 'info' | 'notice' | 'data-loss' | 'error';\n\n");
    out.push_str("/** Survivable problems by their ABI code. */\nexport const DIAGNOSTICS: Readonly<Record<number, { readonly id: string; readonly severity: Severity }>> = {\n");
    for &diagnostic in Diagnostic::ALL {
        let _ = writeln!(
            out,
            "  {}: {{ id: {}, severity: '{}' }},",
            diagnostic as u16,
            text(diagnostic.id()),
            severity_name(diagnostic.severity()),
        );
    }
    out.push_str("};\n\n/** Errors that end the reading of a capture, by their ABI code. */\nexport const CAPTURE_ERRORS: Readonly<Record<number, string>> = {\n");
    for &code in CaptureErrorCode::ALL {
        let _ = writeln!(out, "  {}: {},", code as u16, text(code.id()));
    }
    out.push_str("};\n");
    out
}
