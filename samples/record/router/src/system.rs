//! The only file that talks to the kernel beyond std: namespaces, TUN, epoll, timers, scheduling. All `unsafe` is here.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::io::{AsRawFd, RawFd};

const CLONE_NEWNET: i32 = 0x4000_0000;
const TUNSETIFF: u64 = 0x4004_54ca;
const IFF_TUN: i16 = 0x0001;
const IFF_NO_PI: i16 = 0x1000;
const F_SETFL: i32 = 4;
const O_NONBLOCK: i32 = 0o4000;
const EPOLL_CTL_ADD: i32 = 1;
const EPOLLIN: u32 = 1;
const CLOCK_REALTIME: i32 = 0;
const CLOCK_MONOTONIC: i32 = 1;
const TFD_TIMER_ABSTIME: i32 = 1;
const SCHED_FIFO: i32 = 1;
const MCL_CURRENT_AND_FUTURE: i32 = 3;
const AF_PACKET: i32 = 17;
const SOCK_RAW_NONBLOCK: i32 = 3 | O_NONBLOCK;
const ETH_P_ALL: u16 = 3;
const SIOCGIFINDEX: u64 = 0x8933;
const SOL_SOCKET: i32 = 1;
const SO_RCVBUFFORCE: i32 = 33;
const SO_TIMESTAMPNS: i32 = 35;
const PACKET_OUTGOING: u8 = 4;
/// Of each packet the tap is asked for so much: enough to know it by.
const TAPPED: usize = 28;

#[repr(C)]
struct InterfaceRequest {
    name: [u8; 16],
    flags: i16,
    rest: [u8; 22],
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

#[repr(C)]
struct TimerSpec {
    interval: Timespec,
    value: Timespec,
}

#[repr(C)]
#[derive(Default)]
struct LinkAddress {
    family: u16,
    protocol: u16,
    index: i32,
    hardware: u16,
    packet_type: u8,
    len: u8,
    address: [u8; 8],
}

#[repr(C)]
struct Piece {
    at: *mut u8,
    len: usize,
}

#[repr(C)]
struct Message {
    name: *mut LinkAddress,
    name_len: u32,
    pieces: *mut Piece,
    piece_count: usize,
    control: *mut u8,
    control_len: usize,
    flags: i32,
}

#[derive(Clone, Copy)]
#[cfg_attr(target_arch = "x86_64", repr(C, packed))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C))]
struct EpollEvent {
    events: u32,
    token: u64,
}

extern "C" {
    fn setns(fd: i32, kind: i32) -> i32;
    fn ioctl(fd: i32, request: u64, argument: *mut InterfaceRequest) -> i32;
    fn socket(family: i32, kind: i32, protocol: i32) -> i32;
    fn bind(fd: i32, address: *const LinkAddress, len: u32) -> i32;
    fn setsockopt(fd: i32, level: i32, option: i32, value: *const i32, len: u32) -> i32;
    fn recvmsg(fd: i32, message: *mut Message, flags: i32) -> isize;
    fn close(fd: i32) -> i32;
    fn fcntl(fd: i32, command: i32, argument: i32) -> i32;
    fn epoll_create1(flags: i32) -> i32;
    fn epoll_ctl(epoll: i32, operation: i32, fd: i32, event: *mut EpollEvent) -> i32;
    fn epoll_wait(epoll: i32, events: *mut EpollEvent, most: i32, timeout_ms: i32) -> i32;
    fn timerfd_create(clock: i32, flags: i32) -> i32;
    fn timerfd_settime(fd: i32, flags: i32, new: *const TimerSpec, old: *mut TimerSpec) -> i32;
    fn clock_gettime(clock: i32, out: *mut Timespec) -> i32;
    fn mlockall(flags: i32) -> i32;
    fn sched_setscheduler(pid: i32, policy: i32, parameter: *const i32) -> i32;
}

fn checked(what: &str, result: i32) -> io::Result<i32> {
    if result >= 0 {
        return Ok(result);
    }
    let error = io::Error::last_os_error();
    Err(io::Error::new(error.kind(), format!("{}: {}", what, error)))
}

fn clock_ns(clock: i32) -> i64 {
    let mut now = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the kernel writes one timespec, which lives here. Both clocks exist on every Linux.
    unsafe { clock_gettime(clock, &mut now) };
    now.seconds * 1_000_000_000 + now.nanoseconds
}

/// Never steps; what delays are kept by.
pub fn monotonic_ns() -> i64 {
    clock_ns(CLOCK_MONOTONIC)
}

/// UTC, as captures stamp packets.
pub fn realtime_ns() -> i64 {
    clock_ns(CLOCK_REALTIME)
}

/// First among equals: a delay must not wait for somebody's compiler. The worlds go on without it where that is refused, and say so.
pub fn become_real_time() -> io::Result<()> {
    let priority = 50i32;
    // SAFETY: no memory is touched; sched_param is one int.
    unsafe {
        checked("mlockall", mlockall(MCL_CURRENT_AND_FUTURE))?;
        checked("sched_setscheduler", sched_setscheduler(0, SCHED_FIFO, &priority))?;
    }
    Ok(())
}

/// A network device of a namespace whose packets we read and write; it is gone when this is dropped.
pub struct Tun {
    file: File,
    tap: Tap,
    tapped: VecDeque<Tapped>,
    /// Packets whose sending the tap did not show.
    pub untimed: u64,
}

/// What the kernel noted when a packet was given to the device: the instant that a capture there shows.
struct Tapped {
    at_ns: i64,
    head: [u8; TAPPED],
    len: usize,
}

impl Tun {
    /// @param namespace name under /var/run/netns.
    pub fn create(namespace: &str, device: &str) -> io::Result<Tun> {
        let home = File::open("/proc/self/ns/net")?;
        let there = File::open(format!("/var/run/netns/{}", namespace))?;
        // SAFETY: both are open files; the process has one thread.
        checked("setns", unsafe { setns(there.as_raw_fd(), CLONE_NEWNET) })?;
        let made = Tun::create_here(device);
        // SAFETY: as above.
        checked("setns back", unsafe { setns(home.as_raw_fd(), CLONE_NEWNET) })?;
        made
    }

    fn create_here(device: &str) -> io::Result<Tun> {
        let file = File::options().read(true).write(true).open("/dev/net/tun")?;
        let mut request = InterfaceRequest { name: [0; 16], flags: IFF_TUN | IFF_NO_PI, rest: [0; 22] };
        let bytes = device.as_bytes();
        if bytes.len() > 15 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a device name has at most 15 bytes"));
        }
        request.name[..bytes.len()].copy_from_slice(bytes);
        // SAFETY: the kernel reads and writes one ifreq, which lives here.
        checked("TUNSETIFF", unsafe { ioctl(file.as_raw_fd(), TUNSETIFF, &mut request) })?;
        // SAFETY: no memory is touched.
        checked("O_NONBLOCK", unsafe { fcntl(file.as_raw_fd(), F_SETFL, O_NONBLOCK) })?;
        Ok(Tun { tap: Tap::open(&mut request)?, file, tapped: VecDeque::new(), untimed: 0 })
    }

    pub fn fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// One IP packet and when its sender gave it to the device (UTC ns); None when nothing waits or the device is down.
    /// Where the tap missed the packet, the time is now, which is late by however long we took to wake.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, i64)> {
        let len = (&self.file).read(buffer).ok().filter(|&len| len > 0)?;
        while let Some(tapped) = self.tap.next() {
            self.tapped.push_back(tapped);
        }
        let known = len.min(TAPPED);
        let found = self.tapped.iter().position(|tapped| tapped.len == len && tapped.head[..known] == buffer[..known]);
        let timed = found.and_then(|index| self.tapped.drain(..=index).next_back());
        self.untimed += u64::from(timed.is_none());
        Some((len, timed.map_or_else(realtime_ns, |tapped| tapped.at_ns)))
    }

    pub fn send(&self, packet: &[u8]) -> io::Result<()> {
        (&self.file).write(packet).map(|_| ())
    }
}

/// A packet socket on the device, for its time stamps alone: TUN itself has none.
struct Tap {
    fd: RawFd,
}

impl Tap {
    /// @param request names the device, in whose namespace we are.
    fn open(request: &mut InterfaceRequest) -> io::Result<Tap> {
        let protocol = ETH_P_ALL.to_be();
        // SAFETY: no memory is touched.
        let fd = checked("packet socket", unsafe { socket(AF_PACKET, SOCK_RAW_NONBLOCK, i32::from(protocol)) })?;
        let tap = Tap { fd };
        // SAFETY: the kernel reads the name and writes the index over what follows it, all of which lives there.
        checked("SIOCGIFINDEX", unsafe { ioctl(fd, SIOCGIFINDEX, request) })?;
        let [low, high] = request.flags.to_ne_bytes();
        let index = i32::from_ne_bytes([low, high, request.rest[0], request.rest[1]]);
        let address = LinkAddress { family: AF_PACKET as u16, protocol, index, ..LinkAddress::default() };
        // SAFETY: the kernel reads one sockaddr_ll, which lives here.
        checked("bind", unsafe { bind(fd, &address, std::mem::size_of::<LinkAddress>() as u32) })?;
        for (option, value) in [(SO_TIMESTAMPNS, 1i32), (SO_RCVBUFFORCE, 8 << 20)].iter() {
            // SAFETY: the kernel reads one int, which lives here.
            checked("setsockopt", unsafe { setsockopt(fd, SOL_SOCKET, *option, value, 4) })?;
        }
        Ok(tap)
    }

    /// The next packet that left; those that came are passed over.
    fn next(&self) -> Option<Tapped> {
        loop {
            let mut head = [0u8; TAPPED];
            // Aligned as cmsghdr needs: one time stamp takes 32 bytes.
            let mut control = [0u64; 16];
            let mut address = LinkAddress::default();
            let mut piece = Piece { at: head.as_mut_ptr(), len: TAPPED };
            let mut message = Message {
                name: &mut address,
                name_len: std::mem::size_of::<LinkAddress>() as u32,
                pieces: &mut piece,
                piece_count: 1,
                control: control.as_mut_ptr().cast(),
                control_len: 128,
                flags: 0,
            };
            const MSG_TRUNC: i32 = 0x20;
            // SAFETY: every place that the message names lives here and is as long as it says.
            let len = unsafe { recvmsg(self.fd, &mut message, MSG_TRUNC) };
            if len < 0 {
                return None;
            }
            if address.packet_type != PACKET_OUTGOING {
                continue;
            }
            // cmsghdr: length, then level and type as two ints; then the timespec.
            let kind = control[1] >> 32;
            let at_ns = if message.control_len >= 32 && kind == SO_TIMESTAMPNS as u64 {
                control[2] as i64 * 1_000_000_000 + control[3] as i64
            } else {
                realtime_ns()
            };
            return Some(Tapped { at_ns, head, len: len as usize });
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // SAFETY: ours, and closed once.
        unsafe { close(self.fd) };
    }
}

/// Waits for packets, for the end of standard input, and for one deadline.
pub struct Waiter {
    epoll: RawFd,
    timer: RawFd,
}

/// What the deadline reports as.
pub const TIMER_TOKEN: u64 = u64::MAX;

impl Waiter {
    pub fn new() -> io::Result<Waiter> {
        // SAFETY: no memory is touched.
        let epoll = checked("epoll_create1", unsafe { epoll_create1(0) })?;
        // SAFETY: as above.
        let timer = checked("timerfd_create", unsafe { timerfd_create(CLOCK_MONOTONIC, O_NONBLOCK) })?;
        let waiter = Waiter { epoll, timer };
        waiter.watch(timer, TIMER_TOKEN)?;
        Ok(waiter)
    }

    pub fn watch(&self, fd: RawFd, token: u64) -> io::Result<()> {
        let mut event = EpollEvent { events: EPOLLIN, token };
        // SAFETY: the kernel reads one event, which lives here.
        checked("epoll_ctl", unsafe { epoll_ctl(self.epoll, EPOLL_CTL_ADD, fd, &mut event) })?;
        Ok(())
    }

    /// Wakes `wait` at that time of the monotonic clock; None lets it sleep.
    pub fn set_deadline(&self, at_ns: Option<i64>) -> io::Result<()> {
        let zero = Timespec { seconds: 0, nanoseconds: 0 };
        let value = at_ns.map_or(zero, |ns| {
            let ns = ns.max(1);
            Timespec { seconds: ns / 1_000_000_000, nanoseconds: ns % 1_000_000_000 }
        });
        let spec = TimerSpec { interval: zero, value };
        // SAFETY: the kernel reads one itimerspec, which lives here.
        checked("timerfd_settime", unsafe {
            timerfd_settime(self.timer, TFD_TIMER_ABSTIME, &spec, std::ptr::null_mut())
        })?;
        Ok(())
    }

    /// Tokens that are ready. Does not sleep when `may_sleep` is false.
    pub fn wait(&self, may_sleep: bool, ready: &mut Vec<u64>) {
        let mut events = [EpollEvent { events: 0, token: 0 }; 64];
        // SAFETY: the kernel writes at most 64 events, which live here.
        let count = unsafe { epoll_wait(self.epoll, events.as_mut_ptr(), 64, if may_sleep { -1 } else { 0 }) };
        ready.clear();
        // A signal ends the wait with -1: nothing is ready then.
        ready.extend(events.iter().take(count.max(0) as usize).map(|event| event.token));
    }
}
