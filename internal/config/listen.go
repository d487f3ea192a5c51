package config

import (
	"net"
	"net/netip"
	"strings"

	"github.com/callboard/callboard/internal/fault"
)

// Listenable says what is wrong with an address to serve on: nobody signs in, so
// only what this machine alone reaches will do, unless that is waived.
func Listenable(address string, insecure bool) error {
	host, _, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return fault.New(fault.Invalid, "%q must be host:port, such as 127.0.0.1:8080", address)
	case !insecure && !IsLoopback(host):
		return fault.New(fault.Invalid, "%s is not a loopback address, and nobody signs in yet: whoever reaches it could read and change everything. "+
			"Listen on 127.0.0.1 behind a proxy that signs people in, or set server.insecure: true", address)
	default:
		return nil
	}
}

// IsLoopback reports whether a host is reached from this machine alone.
func IsLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
