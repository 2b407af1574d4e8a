//! Shifts the clock of one program: a shared object for `LD_PRELOAD`, with which the local mesh starts an Envoy.
//!
//! The variable `STEPGATE_CLOCK_SHIFT` names a file of 16 bytes, two numbers of 64 bits in the order of the machine's
//! bytes. The first is the shift in nanoseconds; it can be changed while the program runs. This object sets the second to
//! 1 when it is in use, because a program that is linked statically ignores `LD_PRELOAD` without a word.
//!
//! Only the time of day is shifted. Timers of the program, which use the monotonic clock, are not.
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "it stands in for three functions of the C library")]

use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering};

use libc::{clockid_t, time_t, timespec, timeval};

const VARIABLE: &CStr = c"STEPGATE_CLOCK_SHIFT";
const SIZE: usize = 16;
const SECOND: i64 = 1_000_000_000;

/// The mapped file: the shift, and whether it is in use.
type Shift = [AtomicI64; 2];
type ClockGettime = unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;

static SHIFT: AtomicPtr<Shift> = AtomicPtr::new(ptr::null_mut());
static REAL: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// `clock_gettime(2)`.
///
/// # Safety
/// As for the C library's: `to` points to a `timespec`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, to: *mut timespec) -> c_int {
    // SAFETY: the caller's pointer goes on to the function that the caller means.
    let result = unsafe { real()(clock, to) };
    if result == 0 && matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE) {
        // SAFETY: the C library has just written to it.
        let to = unsafe { &mut *to };
        let nanoseconds = to.tv_nsec.wrapping_add(shift());
        to.tv_sec = to.tv_sec.wrapping_add(nanoseconds.div_euclid(SECOND));
        to.tv_nsec = nanoseconds.rem_euclid(SECOND);
    }
    result
}

/// `gettimeofday(2)`. Its time zone is not used any more, and stays as it is.
///
/// # Safety
/// As for the C library's: `to` is null or points to a `timeval`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(to: *mut timeval, _zone: *mut c_void) -> c_int {
    let now = now();
    // SAFETY: null, or the caller's.
    if let Some(to) = unsafe { to.as_mut() } {
        *to = timeval { tv_sec: now.tv_sec, tv_usec: now.tv_nsec / 1000 };
    }
    0
}

/// `time(2)`.
///
/// # Safety
/// As for the C library's: `to` is null or points to a `time_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(to: *mut time_t) -> time_t {
    let now = now().tv_sec;
    // SAFETY: null, or the caller's.
    if let Some(to) = unsafe { to.as_mut() } {
        *to = now;
    }
    now
}

fn now() -> timespec {
    let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it is a `timespec`.
    if unsafe { clock_gettime(libc::CLOCK_REALTIME, &raw mut now) } != 0 {
        fail(c"stepgate-clock: there is no clock\n");
    }
    now
}

/// The function of the C library, which comes after this object.
fn real() -> ClockGettime {
    let mut found = REAL.load(Ordering::Relaxed);
    if found.is_null() {
        // SAFETY: a name that ends with a NUL.
        found = unsafe { libc::dlsym(libc::RTLD_NEXT, c"clock_gettime".as_ptr()) };
        if found.is_null() {
            fail(c"stepgate-clock: the C library has no `clock_gettime`\n");
        }
        REAL.store(found, Ordering::Relaxed);
    }
    // SAFETY: the C library's function of that name has this type.
    unsafe { std::mem::transmute::<*mut c_void, ClockGettime>(found) }
}

fn shift() -> i64 {
    let mut mapped = SHIFT.load(Ordering::Acquire);
    if mapped.is_null() {
        mapped = map();
        SHIFT.store(mapped, Ordering::Release);
    }
    // SAFETY: a mapping of that size, which is never removed.
    let [shift, _] = unsafe { &*mapped };
    shift.load(Ordering::Relaxed)
}

/// Maps the file. A program may ask for the time before it can allocate, so this allocates nothing.
fn map() -> *mut Shift {
    // SAFETY: names that end with a NUL; a descriptor that is open until it is mapped.
    let mapped = unsafe {
        let path = libc::getenv(VARIABLE.as_ptr());
        if path.is_null() {
            fail(c"stepgate-clock: STEPGATE_CLOCK_SHIFT names no file\n");
        }
        let file = libc::open(path, libc::O_RDWR | libc::O_CLOEXEC);
        if file < 0 || libc::lseek(file, 0, libc::SEEK_END) < 16 {
            fail(c"stepgate-clock: the file that STEPGATE_CLOCK_SHIFT names has no 16 bytes\n");
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let mapped = libc::mmap(ptr::null_mut(), SIZE, access, libc::MAP_SHARED, file, 0);
        libc::close(file);
        mapped
    };
    if mapped == libc::MAP_FAILED {
        fail(c"stepgate-clock: the file that STEPGATE_CLOCK_SHIFT names cannot be mapped\n");
    }
    let mapped = mapped.cast::<Shift>();
    // SAFETY: it is a whole mapping, and begins at a page.
    let [_, used] = unsafe { &*mapped };
    used.store(1, Ordering::Relaxed);
    mapped
}

/// A clock that is not shifted would make a test pass that tests nothing.
fn fail(why: &CStr) -> ! {
    // SAFETY: a text with its length.
    unsafe {
        libc::write(2, why.as_ptr().cast(), why.count_bytes());
        libc::abort()
    }
}
