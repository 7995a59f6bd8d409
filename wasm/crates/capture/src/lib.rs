//! temporary
#![no_std]
extern crate alloc;
use alloc::vec::Vec;
#[derive(Clone,Debug)]
pub struct Context;
impl Context { pub fn decode(_b:&[u8])->Option<Context>{Some(Context)} }
#[derive(Clone,Copy,Debug)] #[repr(u32)] pub enum Code{UnknownFormat=1}
#[derive(Clone,Copy,Debug)]
pub struct CaptureError{pub code:Code,pub offset:u64,pub a:u64,pub b:u64}
pub fn x()->Vec<u8>{Vec::new()}
