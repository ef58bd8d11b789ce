#include "cli/system/confinement.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace portloop {
namespace {

// ---- Landlock. The constants of linux/landlock.h, which distributions have of various ages ----

#ifndef SYS_landlock_create_ruleset  // the same numbers on every architecture
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

struct RulesetAttributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;  // since version 4
  uint64_t scoped;              // since version 6
};

struct [[gnu::packed]] PathBeneath {
  uint64_t allowed_access;
  int32_t parent_fd;
};

constexpr uint32_t ask_version = 1;
constexpr int rule_path_beneath = 1;
constexpr uint64_t write_file = 1U << 1, remove_file = 1U << 5, make_regular = 1U << 8;
constexpr uint64_t refer = 1U << 13, truncate_file = 1U << 14, use_device = 1U << 15;
constexpr uint64_t all_of_version_1 = (1U << 13) - 1;
constexpr uint64_t abstract_sockets = 1U << 0, signals = 1U << 1;

RulesetAttributes attributes_of(long version) {
  RulesetAttributes attributes{all_of_version_1, 0, 0};
  if (version >= 2) attributes.handled_access_fs |= refer;
  if (version >= 3) attributes.handled_access_fs |= truncate_file;
  if (version >= 5) attributes.handled_access_fs |= use_device;
  if (version >= 6) attributes.scoped = abstract_sockets | signals;
  return attributes;
}

void allow_beside(int ruleset, const std::string& file, uint64_t access) {
  const std::string directory = std::filesystem::path(file).parent_path().string();
  const int fd = open(directory.empty() ? "." : directory.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return;
  const PathBeneath rule{access, fd};
  syscall(SYS_landlock_add_rule, ruleset, rule_path_beneath, &rule, 0);
  close(fd);
}

void restrict_files(const NeededFiles& files) {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, ask_version);
  if (version < 1) return;
  const RulesetAttributes attributes = attributes_of(version);
  const auto ruleset = static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (ruleset < 0) return;
  if (!files.checkpoint.empty()) allow_beside(ruleset, files.checkpoint, write_file | make_regular | remove_file);
  for (const std::string& file : files.outputs) allow_beside(ruleset, file, make_regular | remove_file);
  syscall(SYS_landlock_restrict_self, ruleset, 0);
  close(ruleset);
}

// ---- seccomp ----

#if defined __x86_64__
constexpr uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined __aarch64__
constexpr uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t architecture = 0;
#endif

/// Refused whatever their arguments are.
constexpr auto refused = std::to_array<uint32_t>({
    // programs, and other processes
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_kcmp,
    SYS_personality,
    SYS_memfd_create,
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
    // servers
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    // files that are not open: what Landlock does not cover
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_utimensat,
    SYS_linkat,
    SYS_symlinkat,
    SYS_mknodat,
    SYS_mkdirat,
    SYS_open_by_handle_at,
    SYS_chroot,
    SYS_fanotify_init,
#ifdef SYS_chmod
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_link,
    SYS_symlink,
    SYS_mknod,
    SYS_mkdir,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
#endif
    // namespaces, mounts, rights
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsmount,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_capset,
    // large parts of the kernel that a scan has no use for
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_vhangup,
});

/// Refused as if the kernel did not have them: the C library and libuv then use others.
constexpr auto absent =
    std::to_array<uint32_t>({SYS_clone3, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register});

constexpr uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
constexpr uint32_t no_such_call = SECCOMP_RET_ERRNO | ENOSYS;

class Filter {
 public:
  std::vector<sock_filter> take() { return std::move(code_); }

  void load(size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
  void load_argument(size_t number) { load(offsetof(seccomp_data, args) + 8 * number); }  // the lower half
  void end(uint32_t action) { add(BPF_RET | BPF_K, action); }
  /// Ends with `action` if the loaded value is `value`.
  void end_if_equal(uint32_t value, uint32_t action) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    end(action);
  }
  void end_if_not_equal(uint32_t value, uint32_t action) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    end(action);
  }
  void end_if_at_least(uint32_t value, uint32_t action) {
    add(BPF_JMP | BPF_JGE | BPF_K, value, 0, 1);
    end(action);
  }
  /// Ends with `with` if argument `number` of the call has one of `bits`, with `without` otherwise.
  void end_call_by_bits(uint32_t call, size_t number, uint32_t bits, uint32_t with, uint32_t without) {
    add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
    load_argument(number);
    add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    end(with);
    end(without);
  }

 private:
  void add(unsigned code, uint32_t value, uint8_t if_true = 0, uint8_t if_false = 0) {
    code_.push_back({static_cast<uint16_t>(code), if_true, if_false, value});
  }

  std::vector<sock_filter> code_;
};

std::vector<sock_filter> make_filter() {
  Filter filter;
  filter.load(offsetof(seccomp_data, arch));
  filter.end_if_not_equal(architecture, refuse);
  filter.load(offsetof(seccomp_data, nr));
  filter.end_if_at_least(0x40000000, no_such_call);  // the x32 calls of x86-64
  for (const uint32_t call : refused) filter.end_if_equal(call, refuse);
  for (const uint32_t call : absent) filter.end_if_equal(call, no_such_call);
  filter.end_call_by_bits(SYS_mmap, 2, PROT_EXEC, refuse, SECCOMP_RET_ALLOW);
  filter.end_call_by_bits(SYS_mprotect, 2, PROT_EXEC, refuse, SECCOMP_RET_ALLOW);
  filter.end_call_by_bits(SYS_pkey_mprotect, 2, PROT_EXEC, refuse, SECCOMP_RET_ALLOW);
  filter.end_call_by_bits(SYS_clone, 0, CLONE_THREAD, SECCOMP_RET_ALLOW, refuse);
  // Sockets of the families that a scan uses. Last: everything else is allowed.
  filter.end_if_not_equal(SYS_socket, SECCOMP_RET_ALLOW);
  filter.load_argument(0);
  for (const uint32_t family : {AF_INET, AF_INET6, AF_NETLINK}) filter.end_if_equal(family, SECCOMP_RET_ALLOW);
  filter.end(refuse);
  return filter.take();
}

void restrict_calls() {
  if (architecture == 0) return;
  std::vector<sock_filter> code = make_filter();
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}

}  // namespace

void confine(const NeededFiles& files) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
  restrict_files(files);
  restrict_calls();
}

}  // namespace portloop
