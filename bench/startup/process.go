package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// look reads the memory from what the process tells of itself.
func (s *started) look(ctx context.Context, base string, pid int) error {
	text, err := get(ctx, base+"/metrics")
	if err != nil {
		return fmt.Errorf("read the metrics: %w", err)
	}
	value := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		// A metric with labels or a time has more than two fields; none is wanted.
		if name, rest, found := strings.Cut(lines.Text(), " "); found {
			if f, err := strconv.ParseFloat(rest, 64); err == nil {
				value[name] = f
			}
		}
	}
	s.resident = value["process_resident_memory_bytes"]
	// The next collection is due when what the last one has left has grown by so
	// many percent: of the heap's own figures none is without garbage.
	s.live = value["go_memstats_next_gc_bytes"] / (1 + value["go_gc_gogc_percent"]/100)
	s.peak = peak(pid)
	return nil
}

// peak returns the largest that a process's resident set has been, in bytes; 0
// where the system has no /proc.
func peak(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return 0
	}
	return kb * 1024
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // nobody has connected
	return l.Addr().String(), nil
}

// get returns the body of an answer with status 200.
func get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s answered %d", url, resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}
