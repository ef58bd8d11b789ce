// Prints the open ports of a host and what they send: open_ports HOST PORTS
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"

	"portloop"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: open_ports HOST PORTS")
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := scan(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "open_ports:", err)
		os.Exit(1)
	}
}

func scan(ctx context.Context, host, ports string) error {
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil {
		return err
	}
	scan, err := portloop.Start(ctx, portloop.Options{Targets: []string{addresses[0].Unmap().String()}, Ports: ports, Banners: true})
	if err != nil {
		return err
	}
	for result := range scan.Results() {
		if result.State == "open" {
			fmt.Println(result.Address.Addr(), result.Address.Port(), result.Service, string(result.Banner))
		}
	}
	return scan.Err()
}
