// Goroutines: one for each endpoint, and a channel that limits the connects in flight. The request and the result are
// described in ../python/guest.py.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"regexp"
	"sync"
	"syscall"
	"time"
)

type outcome struct {
	state       string
	began, took time.Duration
}

func stateOf(err error) string {
	var netError net.Error
	switch {
	case err == nil:
		return "open"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "closed"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EACCES):
		return "filtered"
	case errors.As(err, &netError) && netError.Timeout():
		return "silent"
	}
	return "unknown"
}

func connect(endpoint string, timeout time.Duration) error {
	connection, err := net.DialTimeout("tcp", endpoint, timeout)
	if err == nil {
		connection.Close()
	}
	return err
}

func scan(endpoints []string, timeout time.Duration, inFlight int, started time.Time) []outcome {
	outcomes := make([]outcome, len(endpoints))
	semaphore := make(chan struct{}, inFlight)
	var pending sync.WaitGroup
	for index, endpoint := range endpoints {
		semaphore <- struct{}{}
		pending.Add(1)
		go func(index int, endpoint string) {
			defer pending.Done()
			began := time.Now()
			err := connect(endpoint, timeout)
			outcomes[index] = outcome{stateOf(err), began.Sub(started), time.Since(began)}
			<-semaphore
		}(index, endpoint)
	}
	pending.Wait()
	return outcomes
}

type request struct {
	timeout           time.Duration
	retries, inFlight int
	endpoints         []string
}

func readRequest() (wanted request, err error) {
	input := bufio.NewReader(os.Stdin)
	var timeoutMs, count int
	if _, err = fmt.Fscan(input, &timeoutMs, &wanted.retries, &wanted.inFlight, &count); err != nil {
		return
	}
	wanted.timeout = time.Duration(timeoutMs) * time.Millisecond
	for ; count > 0; count-- {
		var host, port string
		if _, err = fmt.Fscan(input, &host, &port); err != nil {
			return
		}
		wanted.endpoints = append(wanted.endpoints, net.JoinHostPort(host, port))
	}
	return
}

func usage() (used syscall.Rusage) {
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		log.Fatal(err)
	}
	return
}

func microseconds(before, after syscall.Timeval) int64 {
	return (after.Nano() - before.Nano()) / 1000
}

// status returns a number of /proc/self/status. The runtime keeps its threads, so their number is also the peak.
func status(name string) string {
	text, _ := os.ReadFile("/proc/self/status")
	if found := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+)`).FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return "0"
}

func main() {
	wanted, err := readRequest()
	if err != nil {
		log.Fatal("the request can't be read: ", err)
	}
	before, started := usage(), time.Now()
	outcomes := scan(wanted.endpoints, wanted.timeout, wanted.inFlight, started)
	connects := len(wanted.endpoints)
	for retry := 0; retry < wanted.retries; retry++ {
		var silent []int
		var again []string
		for index, outcome := range outcomes {
			if outcome.state == "silent" {
				silent, again = append(silent, index), append(again, wanted.endpoints[index])
			}
		}
		for i, outcome := range scan(again, wanted.timeout, wanted.inFlight, started) {
			outcomes[silent[i]] = outcome
		}
		connects += len(silent)
	}
	wall, after := time.Since(started), usage()

	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	fmt.Fprintln(output, "wall_us", wall.Microseconds())
	fmt.Fprintln(output, "user_us", microseconds(before.Utime, after.Utime))
	fmt.Fprintln(output, "system_us", microseconds(before.Stime, after.Stime))
	fmt.Fprintln(output, "switches_voluntary", after.Nvcsw-before.Nvcsw)
	fmt.Fprintln(output, "switches_involuntary", after.Nivcsw-before.Nivcsw)
	fmt.Fprintln(output, "memory_kib", status("VmHWM"))
	fmt.Fprintln(output, "connects", connects)
	fmt.Fprintln(output, "threads", status("Threads"))
	for _, outcome := range outcomes {
		fmt.Fprintln(output, outcome.state, outcome.began.Microseconds(), outcome.took.Microseconds())
	}
}
