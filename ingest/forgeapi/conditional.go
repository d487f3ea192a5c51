package forgeapi

import (
	"bytes"
	"container/list"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// conditional is a RoundTripper that remembers the answers to GETs that came
// with an ETag and asks again with If-None-Match: a 304 costs no rate limit at
// GitHub and few bytes anywhere. Callers never see the 304.
//
// An answer to a request that says "Cache-Control: no-store" is remembered nowhere. It keeps
// no answer from being asked for: what it returns is as fresh as the
// forge's own. It also bounds every body.
type conditional struct {
	base    http.RoundTripper
	answers *lru
	observe func(http.Header) // sees the headers of every answer
}

// answer is a 200 with an ETag.
type answer struct {
	key    string
	header http.Header
	packed []byte // the body, compressed with zstd
}

// RoundTrip implements [http.RoundTripper].
func (t *conditional) RoundTrip(r *http.Request) (*http.Response, error) {
	key, known := "", (*answer)(nil)
	if r.Method == http.MethodGet && r.Header.Get("If-None-Match") == "" && r.Header.Get("Range") == "" && r.Header.Get("Cache-Control") != "no-store" {
		// An ETag belongs to a representation, which Accept chooses.
		key = r.URL.String() + "\n" + r.Header.Get("Accept")
		if known = t.answers.get(key); known != nil {
			r = r.Clone(r.Context())
			r.Header.Set("If-None-Match", known.header.Get("ETag"))
		}
	}
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	t.observe(resp.Header)
	resp.Body = &bounded{ReadCloser: resp.Body, left: maxAnswer}

	switch {
	case known != nil && resp.StatusCode == http.StatusNotModified:
		resp.Body.Close()
		body, err := t.answers.unpacker.DecodeAll(known.packed, nil)
		if err != nil { // of a file of answers that somebody wrote to
			t.answers.forget(known.key)
			return nil, fmt.Errorf("read a remembered answer: %w", err)
		}
		return known.response(resp, body), nil
	case key != "" && resp.StatusCode == http.StatusOK && resp.Header.Get("ETag") != "":
		return t.keep(key, resp)
	}
	return resp, nil
}

// keep reads the answer to its end, so that only a whole one is remembered.
func (t *conditional) keep(key string, resp *http.Response) (*http.Response, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	t.answers.put(&answer{key, resp.Header.Clone(), t.answers.packer.EncodeAll(body, nil)})
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// response is the remembered answer with the headers that the 304 renewed.
func (a *answer) response(fresh *http.Response, body []byte) *http.Response {
	header := a.header.Clone()
	for k, v := range fresh.Header {
		if k != "Content-Length" && k != "Content-Type" && k != "Content-Encoding" {
			header[k] = v
		}
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK,
		Proto: fresh.Proto, ProtoMajor: fresh.ProtoMajor, ProtoMinor: fresh.ProtoMinor,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       fresh.Request,
		TLS:           fresh.TLS,
	}
}

// lru keeps the answers that were used last, up to a number of bytes.
type lru struct {
	mu     sync.Mutex
	limit  int
	size   int
	recent *list.List // of *answer, the last used first
	byKey  map[string]*list.Element

	packer   *zstd.Encoder
	unpacker *zstd.Decoder
}

func newLRU(limit int) *lru {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic("forgeapi: options of zstd: " + err.Error()) // they are fixed
	}
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*maxAnswer))
	if err != nil {
		panic("forgeapi: options of zstd: " + err.Error())
	}
	return &lru{limit: limit, recent: list.New(), byKey: make(map[string]*list.Element), packer: packer, unpacker: unpacker}
}

// all returns the answers, the last used first.
func (l *lru) all() []*answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*answer
	for e := l.recent.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*answer))
	}
	return all
}

func (l *lru) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.byKey[key]; ok {
		l.drop(e)
	}
}

func (l *lru) get(key string) *answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.byKey[key]
	if !ok {
		return nil
	}
	l.recent.MoveToFront(e)
	return e.Value.(*answer)
}

func (l *lru) put(a *answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.byKey[a.key]; ok {
		l.drop(e)
	}
	// One huge answer must not push out all the others.
	if a.bytes() > l.limit/4 {
		return
	}
	l.byKey[a.key] = l.recent.PushFront(a)
	l.size += a.bytes()
	for l.size > l.limit {
		l.drop(l.recent.Back())
	}
}

func (l *lru) drop(e *list.Element) {
	a := l.recent.Remove(e).(*answer)
	delete(l.byKey, a.key)
	l.size -= a.bytes()
}

// bytes counts about 1 KB for the headers.
func (a *answer) bytes() int { return len(a.key) + len(a.packed) + 1<<10 }

// bounded is a body that fails, rather than ends, when it is too long.
type bounded struct {
	io.ReadCloser
	left int64
}

var errTooLong = fmt.Errorf("the answer has more than %d MB", maxAnswer>>20)

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
