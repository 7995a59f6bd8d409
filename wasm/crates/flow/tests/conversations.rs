//! Scripted conversations whose truth is known: what is a sample, what is loss, what is neither.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use columns::TableId;
use flow::Config;
use support::*;

fn kinds(analyzer: &flow::Analyzer) -> Vec<&'static str> {
    events(analyzer).into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn a_handshake_yields_both_halves_and_the_whole_path() {
    let mut script = Script::new();
    script.handshake();
    let analyzer = script.run();
    assert_eq!(samples_by(&analyzer, "handshake", "responder"), [10_000]);
    assert_eq!(samples_by(&analyzer, "handshake", "initiator"), [5_000]);
    assert_eq!(flow_cell(&analyzer, "rtt_handshake_ns"), Some(15_000_000));
    assert_eq!(flow_cell(&analyzer, "connection_state"), Some(0));
    assert_eq!(flow_cell(&analyzer, "handshake_attempts"), Some(1));
    assert_eq!(flow_cell(&analyzer, "initiator_port"), Some(50000));
}

#[test]
fn a_retransmitted_syn_yields_no_handshake_rtt() {
    let mut script = Script::new();
    script.client(-1_000_000, 0, 0, SYN, 0, 0);
    script.handshake();
    let analyzer = script.run();
    assert_eq!(samples_by(&analyzer, "handshake", "responder"), []);
    assert_eq!(flow_cell(&analyzer, "rtt_handshake_ns"), None);
    assert_eq!(flow_cell(&analyzer, "handshake_attempts"), Some(2));
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(1));
    // The SYN-ACK was sent once: its half is unambiguous.
    assert_eq!(samples_by(&analyzer, "handshake", "initiator"), [5_000]);
}

#[test]
fn a_retransmitted_syn_ack_yields_no_handshake_rtt() {
    let mut script = Script::new();
    script.client(0, 0, 0, SYN, 0, 0).server(10_000, 0, 1, SYN | ACK, 0, 0).server(1_010_000, 0, 1, SYN | ACK, 0, 0);
    script.client(1_015_000, 1, 1, ACK, 0, 0);
    let analyzer = script.run();
    assert_eq!(samples_by(&analyzer, "handshake", "initiator"), []);
    assert_eq!(flow_cell(&analyzer, "rtt_handshake_ns"), None);
}

/// Requests every second, pure ACK at once, answer after `think_us`; the client's half is 5 ms, the server's 10 ms.
fn request_response(script: &mut Script, rounds: u32, think_us: i64, ack_delay_us: i64) {
    script.handshake();
    for round in 0..rounds {
        let at = 1_000_000 * i64::from(round + 1);
        let (request, answer) = (1 + 100 * round, 1 + 500 * round);
        let earlier = if round == 0 { 10_000 } else { at - 1_000_000 + 10_000 + think_us };
        script.client(at, request, answer, ACK, 100, earlier);
        script.server(at + 10_000 + ack_delay_us, answer, request + 100, ACK, 0, at);
        script.server(at + 10_000 + think_us, answer, request + 100, ACK, 500, at);
        script.client(at + 15_000 + think_us, request + 100, answer + 500, ACK, 0, at + 10_000 + think_us);
    }
}

#[test]
fn think_time_of_an_application_limited_peer_yields_no_false_timestamp_sample() {
    let mut script = Script::with_timestamps(u32::MAX - 3000);
    request_response(&mut script, 20, 300_000, 0);
    let analyzer = script.run();
    let responder = samples_by(&analyzer, "timestamp", "responder");
    let initiator = samples_by(&analyzer, "timestamp", "initiator");
    assert_eq!((responder.len(), initiator.len()), (21, 21));
    assert!(responder.iter().all(|&rtt| rtt == 10_000), "{responder:?}");
    assert!(initiator.iter().all(|&rtt| rtt == 5_000), "{initiator:?}");
    assert_eq!(flow_cell(&analyzer, "rtt_to_responder_method"), Some(1));
    assert_eq!(flow_cell(&analyzer, "rtt_to_responder_p50_ns"), Some(10_000_000));
    assert_eq!(flow_cell(&analyzer, "rtt_to_responder_samples"), Some(21));
    assert_eq!(kinds(&analyzer), Vec::<&str>::new());
}

#[test]
fn think_time_is_the_answer_less_the_path_and_only_of_the_side_that_is_asked() {
    let mut script = Script::new();
    request_response(&mut script, 20, 80_000, 0);
    let analyzer = script.run();
    // 10 ms of path and 80 ms of thinking; the client's next question a second later is no answer.
    let near = |name: &str, ms: i64| {
        let ns = flow_cell(&analyzer, name).unwrap();
        assert!((ns - ms * 1_000_000).abs() < 300_000, "{name}: {ns}");
    };
    near("forward_answer_delay_ns", 90);
    near("forward_think_time_ns", 80);
    assert_eq!(flow_cell(&analyzer, "forward_answer_confidence"), Some(1_000_000));
    assert_eq!(flow_cell(&analyzer, "reverse_answer_delay_ns"), None);
    assert_eq!(flow_cell(&analyzer, "reverse_think_time_ns"), None);
}

#[test]
fn a_delayed_ack_is_part_of_the_sample_but_never_more_than_its_timer() {
    let mut script = Script::with_timestamps(77);
    request_response(&mut script, 5, 300_000, 40_000);
    let analyzer = script.run();
    assert_eq!(samples_by(&analyzer, "timestamp", "responder"), [10_000, 50_000, 50_000, 50_000, 50_000, 50_000]);
    assert_eq!(samples_by(&analyzer, "ack", "responder"), [10_000, 50_000, 50_000, 50_000, 50_000, 50_000]);
}

#[test]
fn without_timestamps_the_ack_method_summarises_the_flow() {
    let mut script = Script::new();
    request_response(&mut script, 5, 300_000, 0);
    let analyzer = script.run();
    assert_eq!(samples_by(&analyzer, "timestamp", "responder"), []);
    assert_eq!(samples_by(&analyzer, "ack", "responder"), [10_000; 6]);
    assert_eq!(flow_cell(&analyzer, "rtt_to_responder_method"), Some(2));
    assert_eq!(flow_cell(&analyzer, "rtt_to_responder_min_ns"), Some(10_000_000));
}

#[test]
fn a_client_that_only_acknowledges_is_never_timed_by_the_servers_next_data() {
    let mut script = Script::with_timestamps(5);
    script.handshake();
    // The server pushes 20 times a second; the client only acknowledges. Server data echoes those ACKs late.
    let mut echo = 15_000;
    for round in 0..40u32 {
        let at = 100_000 + 50_000 * i64::from(round);
        script.server(at, 1 + 200 * round, 1, ACK, 200, echo);
        script.client(at + 5_000, 1, 201 + 200 * round, ACK, 0, at);
        echo = at + 5_000;
    }
    let analyzer = script.run();
    assert_eq!(samples_by(&analyzer, "timestamp", "responder"), [10_000]);
    assert_eq!(samples_by(&analyzer, "timestamp", "initiator"), [5_000; 41]);
}

/// Three segments of 1000 in flight, the second lost beyond the capture point.
fn lossy(script: &mut Script) {
    script.handshake();
    script.client(100_000, 1, 1, ACK, 1000, 10_000);
    script.client(101_000, 1001, 1, ACK, 1000, 10_000);
    script.client(102_000, 2001, 1, ACK, 1000, 10_000);
    script.server(110_000, 1, 1001, ACK, 0, 100_000);
}

#[test]
fn a_retransmission_after_an_rto_is_one_loss() {
    let mut script = Script::with_timestamps(1);
    lossy(&mut script);
    script.client(400_000, 1001, 1, ACK, 1000, 110_000);
    script.server(410_000, 1, 3001, ACK, 0, 400_000);
    let analyzer = script.run();
    assert_eq!(events(&analyzer), [("retransmission", 8)]);
    assert_eq!(flow_cell(&analyzer, "forward_retransmissions"), Some(1));
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(1));
    assert_eq!(flow_cell(&analyzer, "forward_loss_method"), Some(0));
    // SYN, three segments, one repeat.
    assert_eq!(flow_cell(&analyzer, "forward_loss_ratio"), Some(200_000));
    // The ACK of the repair times nothing: neither by Karn nor by the echo of a repeat.
    assert_eq!(samples_by(&analyzer, "ack", "responder"), [10_000, 10_000]);
    assert_eq!(samples_by(&analyzer, "timestamp", "responder"), [10_000, 10_000]);
}

#[test]
fn three_duplicate_acks_make_it_a_fast_retransmission() {
    let mut script = Script::new();
    lossy(&mut script);
    for at in 0..3 {
        script.client(103_000 + at * 1000, 3001 + 1000 * at as u32, 1, ACK, 1000, 0);
    }
    for at in 0..3 {
        script.server(112_000 + at * 1000, 1, 1001, ACK, 0, 0);
    }
    script.client(120_000, 1001, 1, ACK, 1000, 0);
    let analyzer = script.run();
    assert_eq!(kinds(&analyzer), ["duplicate_ack", "duplicate_ack", "duplicate_ack", "fast_retransmission"]);
    assert_eq!(flow_cell(&analyzer, "reverse_duplicate_acks"), Some(3));
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(1));
}

#[test]
fn a_sack_of_later_data_makes_it_a_fast_retransmission() {
    let mut script = Script::new();
    lossy(&mut script);
    script.server(112_000, 1, 1001, ACK, 0, 0);
    let start = script.client_start;
    script.last_tcp().sack[0] = (start + 2001, start + 3001);
    script.last_tcp().sack_count = 1;
    script.client(120_000, 1001, 1, ACK, 1000, 0);
    assert_eq!(kinds(&script.run()), ["duplicate_ack", "fast_retransmission"]);
}

#[test]
fn data_that_was_acknowledged_is_repeated_spuriously_and_is_no_loss() {
    let mut script = Script::new();
    script.handshake();
    script.client(100_000, 1, 1, ACK, 1000, 0).server(110_000, 1, 1001, ACK, 0, 0);
    script.client(400_000, 1, 1, ACK, 1000, 0);
    let analyzer = script.run();
    assert_eq!(kinds(&analyzer), ["spurious_retransmission"]);
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(0));
    assert_eq!(flow_cell(&analyzer, "forward_retransmissions"), Some(1));
}

#[test]
fn a_dsack_takes_the_loss_back() {
    let mut script = Script::new();
    lossy(&mut script);
    script.client(400_000, 1001, 1, ACK, 1000, 0);
    script.server(410_000, 1, 3001, ACK, 0, 0);
    let start = script.client_start;
    script.last_tcp().sack[0] = (start + 1001, start + 2001);
    script.last_tcp().sack_count = 1;
    let analyzer = script.run();
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(0));
    assert_eq!(flow_cell(&analyzer, "forward_retransmissions"), Some(1));
}

#[test]
fn what_sack_has_covered_is_repeated_spuriously_and_is_no_loss() {
    // Wireshark issue 13843 is about a reading that leaves SACK out.
    let mut script = Script::new();
    script.handshake();
    script.client(100_000, 1, 1, ACK, 1000, 0).client(101_000, 1001, 1, ACK, 1000, 0);
    script.client(102_000, 2001, 1, ACK, 1000, 0).client(103_000, 3001, 1, ACK, 1000, 0);
    let start = script.client_start;
    for (at_us, right) in [(110_000, 3001), (111_000, 4001)] {
        script.server(at_us, 1, 1001, ACK, 0, 0);
        script.last_tcp().sack[0] = (start + 2001, start + right);
        script.last_tcp().sack_count = 1;
    }
    // The one that is missing, and one that is not.
    script.client(120_000, 1001, 1, ACK, 1000, 0).client(120_100, 2001, 1, ACK, 1000, 0);
    script.server(130_000, 1, 4001, ACK, 0, 0);
    let analyzer = script.run();
    let repeats = ["fast_retransmission", "spurious_retransmission"];
    assert_eq!(kinds(&analyzer)[1..], repeats, "{:?}", kinds(&analyzer));
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(1));
}

#[test]
fn a_dsack_of_what_was_known_to_be_needless_takes_nothing_else_back() {
    let mut script = Script::new();
    lossy(&mut script);
    // Lost, repeated, acknowledged; that was lost on its way, so it is repeated once more, which DSACK tells.
    script.client(400_000, 1001, 1, ACK, 1000, 0).server(410_000, 1, 3001, ACK, 0, 0);
    script.client(900_000, 1001, 1, ACK, 1000, 0).server(910_000, 1, 3001, ACK, 0, 0);
    let start = script.client_start;
    script.last_tcp().sack[0] = (start + 1001, start + 2001);
    script.last_tcp().sack_count = 1;
    let analyzer = script.run();
    assert_eq!(kinds(&analyzer)[..2], ["retransmission", "spurious_retransmission"]);
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(1));
}

#[test]
fn a_senders_count_of_its_packets_tells_a_late_original_from_a_repeat_at_its_heels() {
    for (id, kind, lost, late) in [(12, "out_of_order", 0, 1), (31, "retransmission", 1, 0)] {
        let mut script = Script::new();
        script.handshake();
        // Nothing for half a second, then a packet that jumped over one, which comes 2 ms later.
        script.client(100_000, 1, 1, ACK, 1000, 0);
        script.last().ip_id = Some(11);
        script.client(600_000, 2001, 1, ACK, 1000, 0);
        script.last().ip_id = Some(30);
        script.client(602_000, 1001, 1, ACK, 1000, 0);
        script.last().ip_id = Some(id);
        script.server(620_000, 1, 3001, ACK, 0, 0);
        let analyzer = script.run();
        assert_eq!(kinds(&analyzer), ["previous_segment_not_captured", kind]);
        assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(lost));
        assert_eq!(flow_cell(&analyzer, "forward_reordered_packets"), Some(late));
    }
}

#[test]
fn an_echo_older_than_the_repeat_takes_the_loss_back() {
    let mut script = Script::with_timestamps(9);
    lossy(&mut script);
    script.client(300_000, 1001, 1, ACK, 1000, 110_000);
    script.server(302_000, 1, 3001, ACK, 0, 101_000);
    let analyzer = script.run();
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(0));
    // And the echo still tells the round trip of the original.
    assert_eq!(samples_by(&analyzer, "timestamp", "responder"), [10_000, 10_000, 201_000]);
}

#[test]
fn a_hole_filled_by_a_repeat_is_a_loss_before_the_capture_point() {
    let mut script = Script::with_timestamps(1);
    script.handshake();
    script.client(100_000, 1, 1, ACK, 1000, 10_000).client(102_000, 2001, 1, ACK, 1000, 10_000);
    script.client(140_000, 1001, 1, ACK, 1000, 10_000);
    let analyzer = script.run();
    assert_eq!(events(&analyzer), [("previous_segment_not_captured", 5), ("retransmission", 6)]);
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(1));
    assert_eq!(flow_cell(&analyzer, "forward_loss_method"), Some(1));
    // SYN, two segments, one repeat, and the original that was never seen.
    assert_eq!(flow_cell(&analyzer, "forward_loss_ratio"), Some(200_000));
}

#[test]
fn an_original_that_comes_late_is_reordering_and_no_loss() {
    let mut script = Script::with_timestamps(u32::MAX - 100);
    script.client_start = u32::MAX - 1500;
    script.handshake();
    script.client(101_000, 1, 1, ACK, 1000, 10_000).client(102_000, 2001, 1, ACK, 1000, 10_000);
    script.client(103_000, 1001, 1, ACK, 1000, 10_000);
    // It left before the segment that opened the hole.
    let tsval = script.tsval(101_000);
    script.last_tcp().timestamps = Some((tsval, 0));
    let analyzer = script.run();
    assert_eq!(events(&analyzer), [("previous_segment_not_captured", 5), ("out_of_order", 6)]);
    assert_eq!(flow_cell(&analyzer, "forward_reordered_packets"), Some(1));
    assert_eq!(flow_cell(&analyzer, "forward_reordering_extent_max"), Some(1));
    assert_eq!(flow_cell(&analyzer, "reverse_reordering_extent_max"), Some(0));
    assert_eq!(flow_cell(&analyzer, "forward_retransmissions"), Some(0));
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(0));
}

#[test]
fn without_timestamps_the_whole_path_rtt_tells_late_from_repeated() {
    for (at, kind) in [(110_000, "out_of_order"), (118_000, "retransmission")] {
        let mut script = Script::new();
        script.handshake();
        script.client(100_000, 1, 1, ACK, 1000, 0).client(102_000, 2001, 1, ACK, 1000, 0);
        script.client(at, 1001, 1, ACK, 1000, 0);
        assert_eq!(kinds(&script.run()), ["previous_segment_not_captured", kind]);
    }
}

#[test]
fn data_the_receiver_acknowledged_but_nobody_saw_is_no_loss() {
    let mut script = Script::new();
    script.handshake();
    script.client(100_000, 1, 1, ACK, 1000, 0).server(110_000, 1, 2001, ACK, 0, 0);
    script.client(120_000, 2001, 1, ACK, 1000, 0);
    let analyzer = script.run();
    assert_eq!(events(&analyzer), [("acked_unseen_segment", 5)]);
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(0));
}

#[test]
fn a_copy_made_by_the_capture_is_counted_once_and_is_no_retransmission() {
    let mut script = Script::new();
    script.handshake();
    script.client(100_000, 1, 1, ACK, 1000, 0);
    let mut copy = *script.last();
    copy.timestamp_ns = copy.timestamp_ns.map(|at| at + 40_000);
    script.packets.push(copy);
    let analyzer = script.run();
    assert_eq!(kinds(&analyzer), Vec::<&str>::new());
    assert_eq!(flow_cell(&analyzer, "forward_duplicated_packets"), Some(1));
    assert_eq!(flow_cell(&analyzer, "forward_packets"), Some(4));
    assert_eq!(flow_cell(&analyzer, "forward_retransmissions"), Some(0));
}

#[test]
fn keep_alives_and_window_probes_are_no_retransmissions() {
    let mut script = Script::new();
    script.handshake();
    script.client(100_000, 1, 1, ACK, 10, 0).server(110_000, 1, 11, ACK, 0, 0);
    script.client(10_000_000, 10, 1, ACK, 1, 0).server(10_010_000, 1, 11, ACK, 0, 0);
    script.client(20_000_000, 10, 1, ACK, 0, 0).server(20_010_000, 1, 11, ACK, 0, 0);
    // The server closes its window; the client probes with a byte, is refused, and later sends that byte in full.
    script.server(20_500_000, 1, 11, ACK, 0, 0);
    script.last_tcp().window = 0;
    script.client(20_800_000, 11, 1, ACK, 1, 0).client(21_300_000, 11, 1, ACK, 1, 0);
    script.server(21_500_000, 1, 11, ACK, 0, 0).client(21_505_000, 11, 1, ACK, 200, 0);
    let analyzer = script.run();
    assert_eq!(kinds(&analyzer), ["keep_alive", "keep_alive", "zero_window"]);
    assert_eq!(flow_cell(&analyzer, "reverse_zero_window_events"), Some(1));
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(0));
    assert_eq!(flow_cell(&analyzer, "forward_retransmissions"), Some(0));
}

#[test]
fn a_full_window_counts_the_scale_of_the_handshake() {
    let mut script = Script::new();
    script.handshake();
    for at in [0, 1] {
        script.packets[at].tcp.as_mut().unwrap().window_scale = Some(2);
    }
    script.server(50_000, 1, 1, ACK, 10, 0);
    script.last_tcp().window = 500;
    script.client(60_000, 1, 11, ACK, 1999, 0).client(61_000, 2000, 11, ACK, 1, 0);
    assert_eq!(events(&script.run()), [("window_full", 6)]);
}

#[test]
fn a_new_syn_on_the_same_ports_opens_a_new_flow() {
    let mut script = Script::new();
    script.handshake();
    script.client(20_000, 1, 1, FIN | ACK, 0, 0).server(30_000, 1, 2, FIN | ACK, 0, 0);
    let first = script.packets.len();
    script.client_start = 500_000;
    script.server_start = 900_000;
    script.handshake();
    let analyzer = script.run();
    let flows = analyzer.table(TableId::Flows);
    assert_eq!(flows.rows(), 2);
    let number = |name, row| cell(flows, TableId::Flows, name, row);
    assert_eq!((number("flow_id", 0), number("flow_id", 1)), (Some(1), Some(first as i64 + 1)));
    assert_eq!((number("order", 0), number("order", 1)), (Some(first as i64 + 1), Some(i64::from(u32::MAX))));
    assert_eq!((number("connection_state", 0), number("connection_state", 1)), (Some(3), Some(0)));
}

#[test]
fn a_repeated_syn_with_the_same_number_stays_in_its_flow() {
    let mut script = Script::new();
    script.handshake();
    script.client(16_000, 0, 0, SYN, 0, 0);
    assert_eq!(flow_cell(&script.run(), "handshake_attempts"), Some(2));
}

#[test]
fn an_end_that_still_sends_after_acknowledging_a_fin_is_half_closed() {
    let mut script = Script::new();
    script.handshake();
    script.client(20_000, 1, 1, FIN | ACK, 0, 0);
    // In flight when the FIN was sent: not yet.
    script.server(21_000, 1, 1, ACK, 100, 0);
    let analyzer = script.run();
    assert_eq!(flow_cell(&analyzer, "connection_state"), Some(2));
    assert_eq!(events(&analyzer), [("half_closed", 4)]);
    script.server(31_000, 101, 2, ACK, 100, 0).server(41_000, 201, 2, FIN | ACK, 0, 0);
    let analyzer = script.run();
    assert_eq!(events(&analyzer), [("half_closed", 6)]);
    assert_eq!(flow_cell(&analyzer, "connection_state"), Some(3));
}

#[test]
fn a_reset_to_a_syn_is_a_refusal_and_no_answer_a_failure() {
    let mut script = Script::new();
    script.client(0, 0, 0, SYN, 0, 0);
    let analyzer = script.run();
    assert_eq!(flow_cell(&analyzer, "connection_state"), Some(1));
    assert_eq!(events(&analyzer), [("connect_failure", 1)]);
    script.client(1_000_000, 0, 0, SYN, 0, 0);
    // A dead host is no loss.
    assert_eq!(flow_cell(&script.run(), "forward_lost_packets"), Some(0));
    script.server(1_010_000, 0, 1, RST | ACK, 0, 0);
    let analyzer = script.run();
    assert_eq!(flow_cell(&analyzer, "connection_state"), Some(5));
    assert_eq!(events(&analyzer), [("retransmission", 2), ("connect_failure", 3)]);
    assert_eq!(flow_cell(&analyzer, "handshake_attempts"), Some(2));
}

#[test]
fn a_reset_ends_an_established_connection() {
    let mut script = Script::new();
    script.handshake();
    script.server(50_000, 1, 1, RST, 0, 0);
    let analyzer = script.run();
    assert_eq!(flow_cell(&analyzer, "connection_state"), Some(4));
    assert_eq!(events(&analyzer), [("reset", 4)]);
}

#[test]
fn packets_without_a_time_are_counted_and_time_nothing() {
    let mut script = Script::with_timestamps(1);
    request_response(&mut script, 3, 300_000, 0);
    for packet in &mut script.packets {
        packet.timestamp_ns = None;
    }
    let analyzer = script.run();
    assert_eq!(samples(&analyzer), []);
    assert_eq!(flow_cell(&analyzer, "forward_packets"), Some(8));
    assert_eq!(flow_cell(&analyzer, "first_timestamp_ns"), None);
    assert_eq!(flow_cell(&analyzer, "rtt_to_responder_p50_ns"), None);
    assert_eq!(analyzer.table(TableId::Bins).rows(), 0);
}

#[test]
fn a_bin_holds_its_second_and_the_rtt_toward_where_it_goes() {
    let mut script = Script::with_timestamps(1);
    request_response(&mut script, 2, 300_000, 0);
    let analyzer = script.run();
    let bins = analyzer.table(TableId::Bins);
    let number = |name, row| cell(bins, TableId::Bins, name, row);
    let rows: Vec<_> = (0..bins.rows())
        .map(|row| {
            let at = number("bin_start_ns", row).unwrap() / 1_000_000_000;
            (
                at,
                number("direction", row),
                number("packets", row),
                number("rtt_samples", row),
                number("rtt_p50_ns", row),
            )
        })
        .collect();
    let (up, down) = (Some(10_000_000), Some(5_000_000));
    assert_eq!(
        rows,
        [
            (0, Some(0), Some(2), Some(1), up),
            (0, Some(1), Some(1), Some(1), down),
            (1, Some(0), Some(2), Some(1), up),
            (1, Some(1), Some(2), Some(1), down),
            (2, Some(0), Some(2), Some(1), up),
            (2, Some(1), Some(2), Some(1), down),
        ]
    );
    assert_eq!(number("order", 0), Some(4));
    assert_eq!(number("order", 5), Some(i64::from(u32::MAX)));
    assert_eq!(number("deadline_misses", 0), Some(0));
}

#[test]
fn samples_later_than_the_minimum_by_more_than_15_ms_miss_their_deadline() {
    let mut script = Script::with_timestamps(1);
    request_response(&mut script, 4, 300_000, 16_000);
    let analyzer = script.run();
    // Four of five: the SYN-ACK came at once.
    assert_eq!(flow_cell(&analyzer, "forward_deadline_miss_ratio"), Some(800_000));
    assert_eq!(flow_cell(&analyzer, "reverse_deadline_miss_ratio"), Some(0));
}

#[test]
fn marks_of_the_ip_header_are_counted_and_told() {
    let mut packets: Vec<_> = (0..6).map(|at| udp(at * 1000, 1, 27015, 2, 40000, 100)).collect();
    packets[2].dscp = 46;
    packets[3].dscp = 46;
    packets[4].ttl = 57;
    packets[4].dscp = 46;
    packets[5] = udp(5000, 2, 40000, 1, 27015, 100);
    packets[5].ecn = 3;
    let analyzer = run(&packets, Config::default());
    assert_eq!(events(&analyzer), [("dscp_change", 3), ("ttl_change", 5), ("ecn_ce", 6)]);
    assert_eq!(cell(analyzer.table(TableId::Events), TableId::Events, "detail", 0), Some(46));
    assert_eq!(cell(analyzer.table(TableId::Events), TableId::Events, "detail", 1), Some(60 * 256 + 57));
    // The game server is the responder although it spoke first and has the lower address.
    assert_eq!(flow_cell(&analyzer, "responder_port"), Some(27015));
    assert_eq!(flow_cell(&analyzer, "reverse_dscp_changes"), Some(1));
    assert_eq!(flow_cell(&analyzer, "reverse_ttl_min"), Some(57));
    assert_eq!(flow_cell(&analyzer, "forward_ecn_ce_packets"), Some(1));
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), None);
    assert_eq!(flow_cell(&analyzer, "forward_duplicated_packets"), None);
}

#[test]
fn later_fragments_join_the_flow_of_the_first() {
    let mut first = udp(0, 1, 5000, 2, 3478, 1472);
    first.is_fragment = true;
    first.more_fragments = true;
    first.ip_id = Some(7);
    let mut second = udp(100, 1, 0, 2, 0, 300);
    second.is_fragment = true;
    second.fragment_offset_bytes = 1480;
    second.ports = None;
    second.ip_id = Some(7);
    let mut stray = second;
    stray.ip_id = Some(8);
    let analyzer = run(&[first, second], Config::default());
    assert_eq!(flow_cell(&analyzer, "forward_fragments"), Some(2));
    assert_eq!(run(&[first, second, stray], Config::default()).table(TableId::Flows).rows(), 2);
}

#[test]
fn echoes_of_two_pings_are_two_flows() {
    let packets = [icmp(0, 1, 2, 8, 5 << 16), icmp(10, 2, 1, 0, 5 << 16), icmp(20, 1, 2, 8, 6 << 16)];
    let analyzer = run(&packets, Config::default());
    assert_eq!(analyzer.table(TableId::Flows).rows(), 2);
    assert_eq!(cell(analyzer.table(TableId::Flows), TableId::Flows, "initiator_port", 0), None);
    assert_eq!(cell(analyzer.table(TableId::Flows), TableId::Flows, "reverse_packets", 0), Some(1));
}

#[test]
fn long_silence_splits_a_flow_and_is_told() {
    let packets = [udp(0, 1, 5000, 2, 53, 10), udp(3_600_000_001, 1, 5000, 2, 53, 10)];
    let analyzer = run(&packets, Config::default());
    assert_eq!(analyzer.table(TableId::Flows).rows(), 2);
    assert_eq!(analyzer.tally()[0].count, 1);
    let packets = [udp(0, 1, 5000, 2, 53, 10), udp(3_600_000_000, 1, 5000, 2, 53, 10)];
    assert_eq!(run(&packets, Config::default()).table(TableId::Flows).rows(), 1);
}

#[test]
fn the_senders_clock_tells_delay_variation() {
    let mut script = Script::with_timestamps(u32::MAX - 5);
    script.handshake();
    for round in 0..400u32 {
        let sent = 100_000 + 20_000 * i64::from(round);
        let delay = if round % 2 == 0 { 0 } else { 4_000 };
        script.server(sent + delay, 1 + 100 * round, 1, ACK, 100, 0);
        let tsval = script.tsval(sent);
        script.last_tcp().timestamps = Some((tsval, 0));
    }
    let analyzer = script.run();
    assert_eq!(flow_cell(&analyzer, "reverse_ipdv_p50_ns"), Some(4_000_000));
    assert_eq!(flow_cell(&analyzer, "reverse_jitter_method"), Some(0));
    assert!((3_990_000..=4_000_000).contains(&flow_cell(&analyzer, "reverse_interarrival_jitter_ns").unwrap()));
    assert_eq!(flow_cell(&analyzer, "forward_interarrival_jitter_ns"), None);
}

#[test]
fn a_hole_the_receiver_acknowledges_was_missed_by_the_capture_alone() {
    let mut script = Script::new();
    script.handshake();
    script.client(100_000, 1, 1, ACK, 1000, 0).client(102_000, 2001, 1, ACK, 1000, 0);
    script.server(112_000, 1, 3001, ACK, 0, 0);
    let analyzer = script.run();
    assert_eq!(events(&analyzer), [("previous_segment_not_captured", 5), ("acked_unseen_segment", 6)]);
    assert_eq!(flow_cell(&analyzer, "forward_lost_packets"), Some(0));
}

/// One segment each 20 ms for `seconds`, TSval in 1 ms ticks of a clock that runs `ppm` fast; `delay_us` of a round.
fn clocked(ppm: i64, seconds: i64, delay_us: impl Fn(i64) -> i64) -> flow::Analyzer {
    let mut script = Script::with_timestamps(u32::MAX - 500);
    script.handshake();
    for round in 0..seconds * 50 {
        // 137 µs more than 20 ms, so that segments fall anywhere within a tick.
        let sent_us = 100_000 + 20_137 * round;
        script.server(sent_us + delay_us(round), 1 + 100 * round as u32, 1, ACK, 100, 0);
        let tsval = script.tsval(sent_us + sent_us * ppm / 1_000_000);
        script.last_tcp().timestamps = Some((tsval, 0));
    }
    script.run()
}

#[test]
fn delay_above_the_floor_is_found_within_one_tick_whatever_the_skew() {
    const TICK_NS: i64 = 1_000_000;
    for ppm in [-50, 0, 50] {
        // One packet in ten waits 12 ms; one in four waits 5 ms.
        let delay_us = |round: i64| if round % 10 == 7 { 12_000 } else { round % 4 / 3 * 5_000 };
        let analyzer = clocked(ppm, 180, delay_us);
        let found = flow_cell(&analyzer, "reverse_pdv_p95_ns").unwrap();
        assert!((12_000_000..=12_000_000 + TICK_NS).contains(&found), "{ppm} ppm: {found}");
        assert_eq!(flow_cell(&analyzer, "forward_pdv_p95_ns"), None);
        let bins = analyzer.table(TableId::Bins);
        let mut told = 0;
        for row in 0..bins.rows() {
            let number = |name| cell(bins, TableId::Bins, name, row);
            if let (Some(1), Some(pdv)) = (number("direction"), number("pdv_p95_ns")) {
                told += 1;
                // Until the skew is known it adds what it makes of the 10 s since the lap before.
                let is_early = number("bin_start_ns").unwrap() < 40_000_000_000;
                let skew_ns = if is_early { 500_000 } else { 10_000 };
                let range = 12_000_000 - skew_ns..=12_000_000 + TICK_NS + skew_ns;
                assert!(range.contains(&pdv), "{ppm} ppm, row {row}: {pdv}");
            }
        }
        assert!(told > 170, "{told}");
    }
}

#[test]
fn without_a_senders_clock_there_is_no_pdv() {
    let mut script = Script::new();
    request_response(&mut script, 60, 300_000, 0);
    assert_eq!(flow_cell(&script.run(), "reverse_pdv_p95_ns"), None);
    // A tick of 10 ms tells nothing about a network.
    let mut script = Script::with_timestamps(0);
    script.handshake();
    for round in 0..600i64 {
        script.server(100_000 + 20_000 * round, 1 + 100 * round as u32, 1, ACK, 100, 0);
        script.last_tcp().timestamps = Some((2 * round as u32, 0));
    }
    assert_eq!(flow_cell(&script.run(), "reverse_pdv_p95_ns"), None);
}

/// A handshake, a request of 100 bytes that is acknowledged, then an answer of 1400 bytes sent `times` times.
fn stalled_answer(times: i64) -> Script {
    let mut script = Script::new();
    script.handshake();
    script.client(1_000_000, 1, 1, ACK, 100, 0);
    for at in 0..times {
        script.server(1_020_000 + 1_000_000 * at, 1, 101, ACK, 1400, 0);
        // The client asks again: it lives, and the answer's ACK did not reach it.
        script.client(1_500_000 + 1_000_000 * at, 1, 1, ACK, 100, 0);
    }
    script
}

#[test]
fn large_answers_that_vanish_are_a_black_hole() {
    let analyzer = stalled_answer(5).run();
    assert_eq!(flow_cell(&analyzer, "mtu_finding"), Some(4));
    assert!(flow_cell(&analyzer, "path_mtu_bytes").unwrap() < 200);
    assert!(kinds(&analyzer).contains(&"mtu_black_hole"));
}

#[test]
fn three_losses_of_one_answer_are_no_black_hole() {
    let mut script = stalled_answer(3);
    script.client(6_000_000, 101, 1401, ACK, 0, 0);
    let analyzer = script.run();
    assert_eq!(flow_cell(&analyzer, "mtu_finding"), Some(0));
    assert!(flow_cell(&analyzer, "path_mtu_bytes").unwrap() >= 1440);
    assert!(!kinds(&analyzer).contains(&"mtu_black_hole"));
}

#[test]
fn an_icmp_error_tells_the_flow_it_quotes() {
    let mut script = stalled_answer(5);
    script.too_big(7_000_000, 1454);
    let analyzer = script.run();
    assert_eq!(flow_cell(&analyzer, "mtu_finding"), Some(2));
    assert_eq!(flow_cell(&analyzer, "path_mtu_bytes"), Some(1454));
    assert!(kinds(&analyzer).contains(&"packet_too_big"));
    assert!(!kinds(&analyzer).contains(&"mtu_black_hole"));
}
