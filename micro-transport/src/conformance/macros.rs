/// Makes named tests of the laws of transports: a module `$name` with one test per law.
///
/// Both expressions are evaluated for each test. See the module [`conformance`](crate::conformance).
#[macro_export]
macro_rules! conformance_tests {
    ($name:ident, $promises:expr, $fixture:expr $(,)?) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::conformance_tests!(@all tests $promises, $fixture);
        }
    };
    (@tests [$promises:expr, $fixture:expr] $($law:ident)*) => {$(
        #[test]
        fn $law() {
            $crate::conformance::run(async {
                $crate::conformance::laws::$law(&$promises, &$fixture).await;
            });
        }
    )*};
    (@names [] $($law:ident)*) => {
        &[$(stringify!($law)),*]
    };
    (@all $what:ident $($arguments:tt)*) => {
        $crate::conformance_tests! { @$what [$($arguments)*]
            a_message_is_answered
            an_empty_message_is_answered
            a_thousand_calls_leave_nothing_behind
            metadata_goes_both_ways
            trailing_metadata_of_an_answer
            what_is_local_does_not_cross
            the_handler_sees_its_peer
            errors_arrive_as_they_were_made
            a_panic_is_masked
            an_unknown_format_is_refused
            the_largest_message_goes_both_ways
            a_larger_request_is_refused
            a_larger_answer_is_refused
            calls_above_the_limit_are_refused
            many_calls_at_once
            a_slow_call_blocks_no_other
            cancelled_calls_are_not_mixed_up_with_others
            server_stream
            client_stream
            bidirectional_ping_pong
            half_close
            an_answer_may_begin_before_the_request_ends
            a_streamed_request_progresses_unpolled
            an_error_before_the_first_message_is_the_calls
            an_error_after_messages_comes_after_them
            trailing_metadata_of_a_stream
            a_larger_message_in_a_stream_is_refused
            a_reader_that_stops_stops_the_handler
            a_handler_that_stops_stops_the_writer
            a_dropped_call_ends_its_handler
            a_dropped_stream_ends_its_handler
            a_dropped_streamed_request_ends_its_handler
            the_deadline_ends_a_call
            the_deadline_ends_a_stream
            a_past_deadline_starts_nothing
            the_handler_sees_the_time_left
            the_death_of_a_listener_fails_what_is_in_flight
            draining_answers_what_was_accepted
            draining_ends_streams_in_their_time
            what_is_cancelled_after_a_stop_is_told
            nobody_listens
            an_address_is_taken_once
        }
    };
}
