//! Prints the TypeScript copy of the core's lists.
fn main() {
    print!("{}", lagdiff_core::emit::typescript());
}
