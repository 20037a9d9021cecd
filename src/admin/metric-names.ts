/**
 * The names of all metrics, by kind, as Apache's `ServerMetrics` spells them. `mntr` puts `zk_`
 * before them. Adding a metric is adding its name here and one call where it happens.
 */

/** Only grow, until `srst`. */
export const counterNames = [
  'snapshot_error_count',
  'snapshot_rate_limited_count',
  'restore_error_count',
  'restore_rate_limited_count',
  'digest_mismatches_count',
  'looking_count',
  'diff_count',
  'snap_count',
  'quit_leading_due_to_disloyal_voter',
  'proposal_count',
  'commit_count',
  'learner_proposal_received_count',
  'learner_commit_received_count',
  'requests_not_forwarded_to_commit_processor',
  'skip_learner_request_to_next_processor_count',
  'prep_processor_request_queued',
  'outstanding_changes_queued',
  'outstanding_changes_removed',
  'sync_processor_request_queued',
  'request_commit_queued',
  'connection_request_count',
  'connection_rejected',
  'connection_drop_count',
  'connection_revalidate_count',
  'revalidate_count',
  'sessionless_connections_expired',
  'stale_sessions_expired',
  'cnxn_closed_without_zk_server_running',
  'bytes_received_count',
  'response_bytes',
  'watch_bytes',
  'unsuccessful_handshake',
  'insecure_admin_count',
  'tls_handshake_exceeded',
  'ensemble_auth_success',
  'ensemble_auth_fail',
  'ensemble_auth_skip',
  'throttled_ops',
  'stale_requests',
  'stale_requests_dropped',
  'stale_replies',
  'request_throttle_wait_count',
  'large_requests_rejected',
  'add_dead_watcher_stall_time',
  'dead_watchers_queued',
  'dead_watchers_cleared',
  'response_packet_cache_hits',
  'response_packet_cache_misses',
  'response_packet_get_children_cache_hits',
  'response_packet_get_children_cache_misses',
  'unrecoverable_error_count',
] as const;

/** Summaries of level BASIC: average, least, most, count, sum. */
export const basicNames = [
  'fsynctime',
  'snapshottime',
  'restore_time',
  'dbinittime',
  'startup_txns_loaded',
  'startup_txns_load_time',
  'startup_snap_load_time',
  'election_time',
  'unavailable_time',
  'leader_unavailable_time',
  'follower_sync_time',
  'observer_sync_time',
  'inflight_snap_count',
  'inflight_diff_count',
  'proposal_process_time',
  'learner_request_processor_queue_size',
  'prep_processor_queue_size',
  'prep_process_time',
  'sync_processor_queue_size',
  'sync_process_time',
  'sync_processor_batch_size',
  'requests_in_session_queue',
  'pending_session_queue_size',
  'reads_after_write_in_session_queue',
  'reads_issued_from_session_queue',
  'session_queues_drained',
  'time_waiting_empty_pool_in_commit_processor_read_ms',
  'write_batch_time_in_commit_processor',
  'concurrent_request_processing_in_commit_processor',
  'read_commit_proc_req_queued',
  'write_commit_proc_req_queued',
  'commit_commit_proc_req_queued',
  'read_commit_proc_issued',
  'write_commit_proc_issued',
  'commit_process_time',
  'connection_token_deficit',
  'netty_queued_buffer_capacity',
  'socket_closing_time',
  'node_created_watch_count',
  'node_deleted_watch_count',
  'node_changed_watch_count',
  'node_children_watch_count',
] as const;

/** Summaries of level ADVANCED: percentiles too. */
export const advancedNames = [
  'readlatency',
  'updatelatency',
  'propagation_latency',
  'proposal_latency',
  'proposal_ack_creation_latency',
  'commit_propagation_latency',
  'quorum_ack_latency',
  'om_proposal_process_time_ms',
  'om_commit_process_time_ms',
  'prep_processor_queue_time_ms',
  'close_session_prep_time',
  'sync_processor_queue_and_flush_time_ms',
  'sync_processor_queue_time_ms',
  'sync_processor_queue_flush_time_ms',
  'read_commitproc_time_ms',
  'write_commitproc_time_ms',
  'local_write_committed_time_ms',
  'server_write_committed_time_ms',
  'read_final_proc_time_ms',
  'write_final_proc_time_ms',
  'request_throttle_queue_time_ms',
  'dead_watchers_cleaner_latency',
  'jvm_pause_time_ms',
] as const;

/** Counters by label: the namespace, which is the first element of a path. */
export const counterSetNames = ['quota_exceeded_error_per_namespace'] as const;

/** BASIC summaries by label: namespace (bytes), or server id. */
export const basicSetNames = [
  'write_per_namespace',
  'read_per_namespace',
  'learner_handler_qp_size',
] as const;

/** ADVANCED summaries by label: server id. */
export const advancedSetNames = ['ack_latency', 'learner_handler_qp_time_ms'] as const;

/**
 * Gauges that the front is asked for when somebody looks. Those of `ServerStats` (latency, packets,
 * connections, outstanding requests, nodes) are taken from there and stand in `words-mntr.ts`.
 */
export const gaugeNames = [
  'uptime',
  'watch_count',
  'ephemerals_count',
  'approximate_data_size',
  'global_sessions',
  'local_sessions',
  'open_file_descriptor_count',
  'max_file_descriptor_count',
  'connection_drop_probability',
  'last_client_response_size',
  'max_client_response_size',
  'min_client_response_size',
  'outstanding_tls_handshake',
  'auth_failed_count',
  'non_mtls_remote_conn_count',
  'non_mtls_local_conn_count',
] as const;

/** Gauges of ensemble members; absent where they have no meaning. */
export const quorumGaugeNames = [
  'quorum_size',
  'learners',
  'synced_followers',
  'synced_non_voting_followers',
  'synced_observers',
  'pending_syncs',
  'leader_uptime',
  'last_proposal_size',
  'max_proposal_size',
  'min_proposal_size',
] as const;

/** Gauges by label (namespace). */
export const gaugeSetNames = [
  'quota_count_limit_per_namespace',
  'quota_bytes_limit_per_namespace',
  'quota_count_usage_per_namespace',
  'quota_bytes_usage_per_namespace',
] as const;

export type CounterName = (typeof counterNames)[number];
export type BasicName = (typeof basicNames)[number];
export type AdvancedName = (typeof advancedNames)[number];
export type CounterSetName = (typeof counterSetNames)[number];
export type BasicSetName = (typeof basicSetNames)[number];
export type AdvancedSetName = (typeof advancedSetNames)[number];
export type GaugeName = (typeof gaugeNames)[number];
export type QuorumGaugeName = (typeof quorumGaugeNames)[number];
export type GaugeSetName = (typeof gaugeSetNames)[number];
