# shellcheck shell=bash disable=SC2154,SC2054
# Part of run.sh: a Debian kernel and the tests, booted in Bochs from a CD image.
# Reads the variables of run.sh; the current folder is its work folder.

# Exits 77 and says what to install.
require_packages() {
  local missing=() package file
  while read -r package file; do
    [[ -e $file ]] || missing+=("$package")
  done <<'LIST'
bochs /usr/bin/bochs
bochs-term /usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so
bochsbios /usr/share/bochs/BIOS-bochs-latest
vgabios /usr/share/bochs/VGABIOS-lgpl-latest
isolinux /usr/lib/ISOLINUX/isolinux.bin
syslinux-common /usr/lib/syslinux/modules/bios/ldlinux.c32
xorriso /usr/bin/xorriso
cpio /usr/bin/cpio
bsdutils /usr/bin/script
LIST
  [[ ${#missing[@]} -eq 0 ]] || {
    echo "SKIPPED: this processor has no AVX-512 and its emulation needs packages:" \
         "apt-get install --no-install-recommends ${missing[*]}"
    exit 77
  }
}

# The kernel stays in kernel/ from one run to the next; nothing is installed.
fetch_kernel() {
  [[ -z $(compgen -G 'kernel/boot/vmlinuz-*') ]] || return 0
  local package
  package=$(apt-cache depends linux-image-cloud-amd64 2> /dev/null |
            sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1) || true
  rm -rf kernel download && mkdir download
  if [[ -z $package ]] || ! (cd download && apt-get download "$package" > apt.log 2>&1); then
    echo "SKIPPED: no kernel to emulate: \"apt-get download ${package:-linux-image-cloud-amd64}\"" \
         "failed (apt-get update may help)"
    exit 77
  fi
  dpkg -x download/*.deb download/tree
  mv download/tree kernel
  rm -rf download
}

# add_program PROGRAM FOLDER: copies it and the shared libraries that it names.
add_program() {
  local library
  install -D -s "$1" "root/$2/$(basename "$1")"
  for library in $(ldd "$1" | grep -o '/[^ ]*'); do
    install -D "$library" "root$library"
  done
}

make_boot_image() {
  local program
  rm -rf root cd && mkdir -p root/dev cd/isolinux
  for program in "${unit_tests[@]}"; do add_program "$program" tests; done
  if [[ $with_client == yes ]]; then
    add_program "$client" tests
    cp -r "$here/work_units" root/tests/
  fi
  install -s "$init" root/init
  cp commands root/
  (cd root && find . | cpio --quiet -o -H newc -R 0:0) > cd/initrd
  cp kernel/boot/vmlinuz-* cd/vmlinuz
  cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 cd/isolinux/
  # The clock ticks once per emulated instruction (ips below), whatever CPUID says. Bochs's XSAVES
  # and XSAVEC report a size that the kernel does not believe: XSAVE does. The rest saves time.
  local options=(
    console=ttyS0,115200 quiet panic=-1 acpi=off noapic nolapic nokaslr mitigations=off
    tsc=reliable tsc_early_khz=100000 clearcpuid=xsaves,xsavec,aperfmperf random.trust_cpu=on
    cryptomgr.notests=1 initcall_blacklist=trace_eval_init,cubictcp_register,init_kprobe_trace)
  printf '%s\n' 'DEFAULT linux' 'PROMPT 0' 'LABEL linux' ' KERNEL /vmlinuz' ' INITRD /initrd' \
    " APPEND ${options[*]}" > cd/isolinux/isolinux.cfg
  xorriso -as mkisofs -quiet -o boot.iso -b isolinux/isolinux.bin -c isolinux/boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table cd > xorriso.log 2>&1
}

# The display is a terminal of Bochs's own, whose cursor blinks: once nobody has read it for some
# minutes, Bochs waits for ever.
drain_display() {
  local display=
  while [[ -z $display ]]; do
    sleep 1
    kill -0 "$emulator" 2> /dev/null || return 0
    display=$(grep -ao '/dev/pts/[0-9]*' screen.log | head -n 1) || true
  done
  cat "$display" > /dev/null 2>&1 || true
}

emulate() {
  cat > bochsrc <<'BOCHSRC'
cpu: model=corei7_skylake_x, count=1, ips=100000000, reset_on_triple_fault=0
megs: 512
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=boot.iso, status=inserted
boot: cdrom
clock: sync=none
com1: enabled=1, mode=file, dev=serial.log
display_library: term
config_interface: textconfig
log: bochs.log
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
BOCHSRC
  # Debian builds Bochs with its debugger, which waits for the command to continue.
  echo continue > debugger.rc
  local command="TERM=xterm exec bochs -q -f bochsrc"
  [[ $(bochs --help 2>&1) != *" -rc "* ]] || command+=" -rc debugger.rc"
  rm -f serial.log
  echo "this processor has no AVX-512: the tests run in Bochs, for minutes; $work/serial.log"
  local start=$SECONDS status=0
  # The terminal display needs a terminal: script(1) makes one. Bochs's exit code says nothing.
  timeout --kill-after=10 "$limit" script -qefc "$command" /dev/null < /dev/null \
    > screen.log 2>&1 &
  emulator=$!  # not local: the trap outlives this function
  drain_display &
  trap 'kill $emulator 2> /dev/null || true' EXIT
  wait "$emulator" || status=$?
  trap - EXIT
  [[ $status -ne 124 ]] || echo "the emulation was stopped at its limit (--limit)"
  echo "emulation: $((SECONDS - start)) s"
}
