//go:build linux || darwin

package main

import (
	"context"
	"io"
	"strings"

	"github.com/callboard/callboard/internal/clickhousetest/chdb"
	"github.com/callboard/callboard/internal/clickhousetest/native"
)

// nativeEngine is the engine as the native protocol wants it.
type nativeEngine struct{ *front }

func (e nativeEngine) Open(database string, settings map[string]string) (native.Session, error) {
	c, err := e.session(database, settings)
	if err != nil {
		return nil, err
	}
	return nativeSession{c}, nil
}

type nativeSession struct{ *chdb.Conn }

func (s nativeSession) Reads(query string) bool { return s.ReadOnly(query) }

func (s nativeSession) Describe(what string, params map[string]string) (columns []native.Column, err error) {
	b, err := s.Query("DESCRIBE TABLE "+what, "TSV", params)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t") // name, type, kind of default …
		typ := strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(cells[1])
		columns = append(columns, native.Column{Name: cells[0], Type: typ, Computed: cells[2] == "ALIAS" || cells[2] == "MATERIALIZED"})
	}
	return columns, nil
}

func (s nativeSession) Answer(ctx context.Context, query string, params map[string]string, to io.Writer) error {
	return answer(ctx, s.Conn, query, "Native", params, true, func(b []byte) error {
		_, err := to.Write(b)
		return err
	})
}

func (s nativeSession) Insert(query string, params map[string]string, blocks io.Reader) error {
	_, err := s.Conn.Insert(query, "Native", params, blocks)
	return err
}
