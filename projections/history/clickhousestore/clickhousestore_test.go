package clickhousestore_test

import (
	"testing"

	"github.com/callboard/callboard/internal/clickhousetest"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/clickhousestore"
	"github.com/callboard/callboard/projections/history/historytest"
)

func TestStore(t *testing.T) {
	server := clickhousetest.Start(t)
	for _, protocol := range clickhousetest.Protocols() {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			historytest.Run(t, func(t testing.TB) historytest.Place {
				t.Helper()
				url := server.DatabaseOver(t, protocol)
				return func(t testing.TB) history.Store {
					t.Helper()
					return open(t, url)
				}
			})
		})
	}
}

func open(t testing.TB, url string) *clickhousestore.Store {
	t.Helper()
	s, err := clickhousestore.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
