package sqlitestore_test

import (
	"path/filepath"
	"testing"

	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/historytest"
	"github.com/callboard/callboard/projections/history/sqlitestore"
)

func TestStore(t *testing.T) {
	historytest.Run(t, func(t testing.TB) historytest.Place {
		t.Helper()
		path := filepath.Join(t.TempDir(), "history.db")
		return func(t testing.TB) history.Store {
			t.Helper()
			s, err := sqlitestore.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
	})
}
