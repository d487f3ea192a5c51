package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/internal/fault"
)

// portalRecord is the log of a running portal, as that hands it out.
type portalRecord struct {
	base string
	http *http.Client
}

func newPortalRecord(address string) portalRecord {
	return portalRecord{strings.TrimRight(address, "/"), &http.Client{Timeout: 2 * time.Minute}}
}

// Close does nothing: each request stands for itself.
func (portalRecord) Close() error { return nil }

func (portalRecord) check(context.Context) error { return nil }

func (p portalRecord) key(ctx context.Context) (string, error) {
	body, err := p.get(ctx, "/api/history/key")
	if err != nil {
		return "", err
	}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, 1<<10))
	return strings.TrimSpace(string(b)), err
}

func (p portalRecord) lines(ctx context.Context) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		for at := eventlog.Position(0); ; {
			next, err := p.page(ctx, at, yield)
			if err != nil {
				yield(line{}, err)
				return
			}
			if next <= at { // nothing more, or nobody wants more
				return
			}
			at = next
		}
	}
}

// page yields the records after a position that come in one answer, and returns the
// position of the last of them; 0 when it has had enough.
func (p portalRecord) page(ctx context.Context, after eventlog.Position, yield func(line, error) bool) (eventlog.Position, error) {
	body, err := p.get(ctx, fmt.Sprintf("/api/history/records?after=%d", after))
	if err != nil {
		return 0, err
	}
	defer body.Close()
	for r := bufio.NewReader(body); ; {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return after, nil
		}
		if err != nil {
			return 0, fault.New(fault.Unavailable, "the portal's answer broke off: %w", err)
		}
		l, err := parseLine(text[:len(text)-1])
		if err != nil {
			return 0, err
		}
		if !yield(l, nil) {
			return 0, nil
		}
		after = l.Position
	}
}

// parseLine reads a record; its leaf is the hash of the line as it stands.
func parseLine(text []byte) (line, error) {
	rec, err := proof.ParseLine(text)
	return line{rec, proof.LeafOf(text)}, err
}

func (p portalRecord) get(ctx context.Context, path string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, nil)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no address of a portal: %w", p.base, err)
	}
	resp, err := p.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fault.New(fault.Unavailable, "no portal answers at %s: %w", p.base, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	return nil, refusalOf(resp.StatusCode, b)
}
