//! The border to the page: plain numbers and bytes of one memory, so that no second tool has to make a bridge whose
//! version must match.
#![allow(
    unsafe_code,
    reason = "the page hands over places in this memory, which only raw pointers can name; each was made by `alloc` or \
              by an answer, and its length came with it"
)]

use std::sync::{Mutex, MutexGuard};

use crate::{LARGEST_TEXT, Pocket};

static POCKET: Mutex<Pocket> = Mutex::new(Pocket::new());

fn pocket() -> MutexGuard<'static, Pocket> {
    POCKET
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Room for a question; 0 for more than is ever read.
#[unsafe(no_mangle)]
extern "C" fn alloc(length: usize) -> *mut u8 {
    if length > LARGEST_TEXT {
        return std::ptr::null_mut();
    }
    Box::into_raw(vec![0u8; length].into_boxed_slice()).cast()
}

/// Gives room back that `alloc` made, or an answer.
///
/// # Safety
/// Place and length are those that were given out, and are given back once.
#[unsafe(no_mangle)]
unsafe extern "C" fn release(place: *mut u8, length: usize) {
    let room = std::ptr::slice_from_raw_parts_mut(place, length);
    drop(unsafe { Box::from_raw(room) });
}

/// Answers the question that stands there: place of the answer in the upper half, its length in the lower.
///
/// # Safety
/// Place and length are those of `alloc`.
#[unsafe(no_mangle)]
unsafe extern "C" fn call(place: *const u8, length: usize) -> u64 {
    let bytes = unsafe { std::slice::from_raw_parts(place, length) };
    given(pocket().call(&String::from_utf8_lossy(bytes)))
}

/// Begins a hash.
#[unsafe(no_mangle)]
extern "C" fn hash_begin() -> u32 {
    pocket().begin_hash()
}

/// Adds bytes to a hash.
///
/// # Safety
/// Place and length are those of `alloc`.
#[unsafe(no_mangle)]
unsafe extern "C" fn hash_add(number: u32, place: *const u8, length: usize) {
    let bytes = unsafe { std::slice::from_raw_parts(place, length) };
    pocket().add_to_hash(number, bytes);
}

/// Ends a hash: where its digits stand, as for an answer.
#[unsafe(no_mangle)]
extern "C" fn hash_end(number: u32) -> u64 {
    given(pocket().end_hash(number))
}

fn given(text: String) -> u64 {
    let bytes = text.into_bytes().into_boxed_slice();
    let length = bytes.len() as u64;
    let place = Box::into_raw(bytes).cast::<u8>() as u64;
    place << 32 | length
}
