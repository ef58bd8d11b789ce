// Package portloop is a thin binding of libportloop: the results of a scan come over a channel, and a context ends it.
//
// Each scan has a libuv loop on a thread of its own, which delivers the results, and a second one, which scans, so that
// a receiver that is slow does not falsify times: portloop keeps up to 65,536 results, and then scans more slowly.
//
// Scan only hosts and networks that you are permitted to scan.
package portloop

// #cgo pkg-config: portloop
// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"os"
	"runtime"
	"runtime/cgo"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// Options are what to scan. A field that is zero has the default that portloop.h describes.
type Options struct {
	Targets         []string // numeric addresses, CIDR blocks and ranges
	Ports           string   // as in "22,80,8000-8100", "http*", "all" or "common"
	InFlight        uint32   // maximum number of connects in flight
	Rate            float64  // maximum number of connects started per second
	Timeout         time.Duration
	Banners         bool // read what an open port sends first
	KeepConnections bool // results of open ports have a Conn
}

// Result is the result of one port of one address.
type Result struct {
	Address  netip.AddrPort
	State    string // "open", "closed", "filtered" or "unknown"
	Reason   string // "syn-ack", "conn-refused", "no-response", ...
	Service  string // from portloop's built-in list, or ""
	Attempts uint32
	RTT      time.Duration // 0 if there was no answer
	Banner   []byte
	Conn     net.Conn // the connection to an open port, which is the receiver's to close
}

// Scan is a running scan.
type Scan struct {
	results chan Result
	ctx     context.Context
	err     error // set before results is closed

	mutex  sync.Mutex // guards bridge, which is nil before the start and once the scan is done
	bridge *C.bridge
}

// Start starts a scan. When ctx is cancelled, the scan is stopped, and what nobody has received by then is dropped.
// Whoever stops receiving before the channel is closed must cancel ctx.
func Start(ctx context.Context, options Options) (*Scan, error) {
	native, err := options.native()
	if err != nil {
		return nil, err
	}
	scan := &Scan{results: make(chan Result), ctx: ctx}
	started := make(chan error)
	go scan.run(native, started)
	if err := <-started; err != nil {
		return nil, err
	}
	return scan, nil
}

// Results returns the channel of the results, one for each port. It is closed at the end of the scan.
func (scan *Scan) Results() <-chan Result { return scan.results }

// Err returns why the scan ended early, once Results is closed: that of the context, or an error of portloop's.
func (scan *Scan) Err() error { return scan.err }

func (scan *Scan) run(options *C.portloop_options, started chan<- error) {
	runtime.LockOSThread() // the loop's
	defer runtime.UnlockOSThread()
	defer C.portloop_options_free(options)
	handle := cgo.NewHandle(scan)
	defer handle.Delete()
	var bridge *C.bridge
	if code := C.bridge_start(options, C.uintptr_t(handle), &bridge); code != 0 {
		started <- errorOf(code, options)
		return
	}
	scan.bridge = bridge
	started <- nil
	ended := make(chan struct{})
	go scan.stopWhenCancelled(ended)
	code := C.bridge_run(bridge)
	close(ended)
	if scan.ctx.Err() != nil {
		scan.err = scan.ctx.Err()
	} else if code != 0 {
		scan.err = errors.New(C.GoString(C.uv_strerror(code)))
	}
	close(scan.results)
}

func (scan *Scan) stopWhenCancelled(ended <-chan struct{}) {
	select {
	case <-scan.ctx.Done():
		scan.mutex.Lock()
		defer scan.mutex.Unlock()
		if scan.bridge != nil {
			C.bridge_stop(scan.bridge)
		}
	case <-ended:
	}
}

//export goDone
func goDone(handle C.uintptr_t) {
	scan := cgo.Handle(handle).Value().(*Scan)
	scan.mutex.Lock()
	defer scan.mutex.Unlock()
	scan.bridge = nil
}

//export goResults
func goResults(handle C.uintptr_t, results **C.portloop_result, count C.size_t) {
	scan := cgo.Handle(handle).Value().(*Scan)
	for _, native := range unsafe.Slice(results, count) {
		result := resultOf(native)
		select {
		case scan.results <- result:
		case <-scan.ctx.Done():
			if result.Conn != nil {
				result.Conn.Close()
			}
		}
	}
}

func resultOf(native *C.portloop_result) Result {
	var text [64]C.char
	C.portloop_format_address((*C.struct_sockaddr)(unsafe.Pointer(&native.address)), &text[0], C.size_t(len(text)))
	address, _ := netip.ParseAddr(C.GoString(&text[0]))
	result := Result{
		Address:  netip.AddrPortFrom(address, uint16(native.port)),
		State:    C.GoString(C.portloop_state_name(native.state)),
		Reason:   C.GoString(C.portloop_reason_name(native.reason)),
		Service:  C.GoString(C.portloop_service_name(native.port)),
		Attempts: uint32(native.attempts),
		RTT:      time.Duration(native.rtt_us) * time.Microsecond,
	}
	if native.banner != nil {
		result.Banner = C.GoBytes(unsafe.Pointer(native.banner), C.int(native.banner_length))
	}
	if fd := C.portloop_result_take_fd(native); fd >= 0 {
		file := os.NewFile(uintptr(fd), "portloop")
		result.Conn, _ = net.FileConn(file) // a duplicate, which Go's own poller watches; nil if there is no descriptor
		file.Close()
	}
	return result
}

// native returns the options, to be freed, or an error that quotes the word at fault.
func (options *Options) native() (*C.portloop_options, error) {
	native := C.portloop_options_new()
	if native == nil {
		return nil, errors.New("not enough memory")
	}
	if code := options.apply(native); code != 0 {
		defer C.portloop_options_free(native)
		return nil, errorOf(code, native)
	}
	return native, nil
}

// apply sets what is not zero, and returns the code of the first setter that refuses something.
func (options *Options) apply(native *C.portloop_options) (code C.int) {
	set := func(wanted bool, setter func() C.int) {
		if wanted && code == 0 {
			code = setter()
		}
	}
	setText := func(word string, setter func(text *C.char) C.int) {
		if strings.IndexByte(word, 0) >= 0 && code == 0 {
			code = C.UV_EINVAL // C would see the first part of it
		}
		text := C.CString(word)
		defer C.free(unsafe.Pointer(text))
		set(true, func() C.int { return setter(text) })
	}
	for _, target := range options.Targets {
		setText(target, func(text *C.char) C.int { return C.portloop_options_add_target(native, text) })
	}
	if options.Ports != "" {
		setText(options.Ports, func(text *C.char) C.int { return C.portloop_options_set_ports(native, text) })
	}
	set(options.InFlight != 0, func() C.int { return C.portloop_options_set_in_flight(native, C.uint32_t(options.InFlight)) })
	set(options.Rate != 0, func() C.int { return C.portloop_options_set_rate(native, C.double(options.Rate)) })
	set(options.Timeout != 0, func() C.int {
		milliseconds := options.Timeout.Milliseconds()
		if milliseconds < 0 || milliseconds > math.MaxUint32 {
			milliseconds = math.MaxUint32 // is refused as well
		}
		return C.portloop_options_set_timeout_ms(native, C.uint32_t(milliseconds))
	})
	set(options.Banners, func() C.int {
		return C.portloop_options_set_banners(native, C.PORTLOOP_BANNERS_READ, 2000, 512)
	})
	set(options.KeepConnections, func() C.int { return C.portloop_options_set_keep_connections(native, 1) })
	set(true, func() C.int { return C.portloop_options_set_threaded(native, 1) })
	return code
}

func errorOf(code C.int, options *C.portloop_options) error {
	if reason := C.GoString(C.portloop_options_error(options)); reason != "" {
		return errors.New(reason)
	}
	return errors.New(C.GoString(C.uv_strerror(code)))
}
