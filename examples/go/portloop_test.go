package portloop

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Far too many probes to wait for.
var endless = Options{Targets: []string{"127.0.0.0/9"}, Ports: "61001-65535"}

// leftover returns what the program has of threads' ends and descriptors.
func leftover(t *testing.T) (goroutines, descriptors int) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return runtime.NumGoroutine(), len(entries)
}

// withoutLeaks runs a test and waits until nothing of it is left.
func withoutLeaks(t *testing.T, test func(ctx context.Context, cancel context.CancelFunc)) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	goroutines, descriptors := leftover(t)
	test(ctx, cancel)
	for {
		nowGoroutines, nowDescriptors := leftover(t)
		if nowGoroutines <= goroutines && nowDescriptors <= descriptors {
			return
		}
		if ctx.Err() == context.DeadlineExceeded {
			t.Fatalf("%d goroutines and %d descriptors, before %d and %d", nowGoroutines, nowDescriptors, goroutines, descriptors)
		}
		time.Sleep(time.Millisecond)
	}
}

func listen(t *testing.T) (listener net.Listener, port string) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return listener, port
}

func start(t *testing.T, ctx context.Context, options Options) *Scan {
	scan, err := Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	return scan
}

func TestEachPortHasOneResult(t *testing.T) {
	listener, port := listen(t)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Write([]byte("220 hello\r\n"))
			defer conn.Close()
		}
	}()
	ctx := context.Background()
	scan := start(t, ctx, Options{Targets: []string{"127.0.0.1"}, Ports: port + ",61001-61100", Banners: true, InFlight: 50, Rate: 1e6, Timeout: time.Second})
	seen := map[string]Result{}
	for result := range scan.Results() {
		name := result.Address.String()
		if _, again := seen[name]; again {
			t.Errorf("%s twice", name)
		}
		seen[name] = result
	}
	open, closed := seen["127.0.0.1:"+port], seen["127.0.0.1:61001"]
	if len(seen) != 101 || scan.Err() != nil || open.State != "open" || string(open.Banner) != "220 hello\r\n" || open.RTT <= 0 || open.Attempts == 0 {
		t.Errorf("%d results, %v, %+v", len(seen), scan.Err(), open)
	}
	if closed.State != "closed" || closed.Reason != "conn-refused" || closed.Banner != nil || closed.Conn != nil {
		t.Errorf("%+v", closed)
	}
}

func TestACancelledContextEndsTheScan(t *testing.T) {
	for name, receives := range map[string]int{"before the first result": 0, "after some": 100} {
		t.Run(name, func(t *testing.T) {
			withoutLeaks(t, func(ctx context.Context, cancel context.CancelFunc) {
				scan := start(t, ctx, endless)
				for i := 0; i < receives; i++ {
					<-scan.Results()
				}
				cancel()
				for range scan.Results() {
				}
				if !errors.Is(scan.Err(), context.Canceled) {
					t.Error(scan.Err())
				}
			})
		})
	}
}

func TestAReceiverThatGoesAwayLeavesNothing(t *testing.T) {
	withoutLeaks(t, func(ctx context.Context, cancel context.CancelFunc) {
		<-start(t, ctx, endless).Results()
		cancel()
	})
}

func TestScansAtOnce(t *testing.T) {
	withoutLeaks(t, func(ctx context.Context, cancel context.CancelFunc) {
		var group sync.WaitGroup
		for i := 0; i < 8; i++ {
			scan := start(t, ctx, Options{Targets: []string{"127.0.0.1-2"}, Ports: "61001-61100"})
			group.Add(1)
			go func() {
				defer group.Done()
				count := 0
				for range scan.Results() {
					count++
				}
				if count != 200 || scan.Err() != nil {
					t.Errorf("%d results, %v", count, scan.Err())
				}
			}()
		}
		group.Wait()
	})
}

func TestAConnectionIsTheReceivers(t *testing.T) {
	listener, port := listen(t)
	defer listener.Close()
	withoutLeaks(t, func(ctx context.Context, cancel context.CancelFunc) {
		scan := start(t, ctx, Options{Targets: []string{"127.0.0.1"}, Ports: port, KeepConnections: true})
		result := <-scan.Results()
		for range scan.Results() {
		}
		if result.Conn == nil {
			t.Fatalf("%+v", result)
		}
		defer result.Conn.Close()
		for { // a port may be asked more than once
			peer, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			if peer.RemoteAddr().String() == result.Conn.LocalAddr().String() {
				peer.Write([]byte("hello"))
				break
			}
		}
		greeting := make([]byte, 5)
		if _, err := io.ReadFull(result.Conn, greeting); err != nil || string(greeting) != "hello" {
			t.Errorf("%q, %v", greeting, err)
		}
	})
}

func TestWhatIsRefusedIsNamed(t *testing.T) {
	withoutLeaks(t, func(ctx context.Context, cancel context.CancelFunc) {
		for words, options := range map[string]Options{
			"'no such host'":   {Targets: []string{"no such host"}},
			"'70000'":          {Targets: []string{"127.0.0.1"}, Ports: "70000"},
			"not 4294967295":   {Targets: []string{"127.0.0.1"}, Timeout: -time.Second},
			"invalid argument": {Targets: []string{"127.0.0.1\x00"}},
			"no address":       {},
			"rate is":          {Targets: []string{"127.0.0.1"}, Rate: -1},
		} {
			if _, err := Start(ctx, options); err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%v instead of %s", err, words)
			}
		}
	})
}
