/**
 * What LSM programs may return (bpf_lsm_get_retval_range() of kernel/bpf/bpf_lsm.c, check_return_code() of
 * kernel/bpf/verifier.c): by the hook that the section names.
 */
import { linux } from '../../base/linux.ts';
import { AttachType } from './attach.ts';

/** First Linux that looks at the result of programs other than those of cgroups. */
const RANGES = linux(6, 12);
const MAX_ERRNO = 4095;

/** Hooks of include/linux/lsm_hook_defs.h that return nothing, of Linux 6.1 and 6.18. */
const VOID_HOOKS: ReadonlySet<string> = new Set(
  `audit_rule_free backing_file_free bdev_free_security bpf_map_free bpf_map_free_security bpf_prog_free
  bpf_prog_free_security bpf_token_free bprm_committed_creds bprm_committing_creds cred_free cred_getlsmprop
  cred_getsecid cred_transfer current_getlsmprop_subj current_getsecid_subj d_instantiate file_free_security
  file_release file_set_fowner ib_free_security inet_conn_established inet_csk_clone initramfs_populated
  inode_free_security inode_free_security_rcu inode_getlsmprop inode_getsecid inode_invalidate_secctx
  inode_post_create_tmpfile inode_post_remove_acl inode_post_removexattr inode_post_set_acl inode_post_setattr
  inode_post_setxattr ipc_getlsmprop ipc_getsecid key_free key_post_create_or_update msg_msg_free_security
  msg_queue_free_security path_post_mknod perf_event_free release_secctx req_classify_flow sb_delete
  sb_free_mnt_opts sb_free_security sctp_sk_clone secmark_refcount_dec secmark_refcount_inc sem_free_security
  shm_free_security sk_clone_security sk_free_security sk_getsecid sock_graft task_free task_getlsmprop_obj
  task_getsecid_obj task_to_inode tun_dev_free_security xfrm_policy_free_security xfrm_state_free_security`.split(
    /\s+/,
  ),
);
const BOOLEAN_HOOKS: ReadonlySet<string> = new Set([
  'xfrm_state_pol_flow_match',
  'audit_rule_known',
  'inode_xattr_skipcap',
]);

/**
 * @param section such as `lsm/file_open` or `lsm.s/bprm_check_security`; @returns undefined where anything
 *   goes
 */
export function lsmReturnRange(
  section: string,
  attachType: number | undefined,
  version: number,
): readonly [number, number] | undefined {
  const hook = section.slice(section.indexOf('/') + 1);
  if (attachType === AttachType.LSM_CGROUP) return VOID_HOOKS.has(hook) ? [1, 1] : [0, 1];
  if (version < RANGES || !section.includes('/') || VOID_HOOKS.has(hook)) return undefined;
  return BOOLEAN_HOOKS.has(hook) ? [0, 1] : [-MAX_ERRNO, 0];
}
