package web_test

import (
	"net/http"
	"testing"
)

// A portal without scorecards has no initiatives and exemptions either, and says so.
func TestNoAgreementsWithoutScorecards(t *testing.T) {
	p := acme(t)
	for _, path := range []string{"/exemptions", "/exemptions/new", "/exemptions/x", "/initiatives", "/initiatives/new", "/initiatives/x", "/initiatives/x/edit"} {
		if got := p.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
	for _, path := range []string{"/exemptions/new", "/exemptions/x/grant", "/initiatives/new", "/initiatives/x/close"} {
		if got := p.post(path, nil); got.status != http.StatusNotFound {
			t.Errorf("POST %s answers %d", path, got.status)
		}
	}
}
