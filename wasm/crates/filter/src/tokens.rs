//! Words of an expression with their columns.

use alloc::vec::Vec;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub text: &'a str,
    /// Byte offset in the expression.
    pub column: usize,
}

/// Words end at blanks; brackets and operators stand alone.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let column = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return found };
        let len = match first {
            '(' | ')' | '!' => 1,
            '&' | '|' => rest.chars().take_while(|c| *c == first).take(2).count(),
            _ => rest.find(|c: char| c.is_whitespace() || "()!&|".contains(c)).unwrap_or(rest.len()),
        };
        let (word, tail) = rest.split_at(len);
        found.push(Token { text: word, column });
        rest = tail;
    }
}
