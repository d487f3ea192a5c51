package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/callboard/callboard/web/internal/sample"
)

// What a pull request would do stands on its page, whatever it is, and what was not told on
// that of its source.
func TestCheckedPages(t *testing.T) {
	p := acme(t)
	for _, tt := range []struct {
		sha  string
		want []string
	}{
		{sample.CheckedMuch, []string{
			"&lt;retire&gt;", "payments-api falls from Gold to None on Production readiness", "1 descriptor refused", "CODEOWNERS on main names nobody for it", "https://handbook.acme.example/catalog#codeowners",
			"Line 9, column 14", "apis/payments.yaml was deleted", "CODEOWNERS would be gone.", "Relations that would break", "goals/silver.yaml:7:10", "the scorecard has no level Platinum; write one of Bronze, Silver, Gold", "It would be held.", "tier-1", "#1",
		}},
		{sample.CheckedNothing, []string{"Nothing would change", "Mend a test"}},
		{sample.CheckedUntold, []string{"The forge was not told.", "Commit statuses: Read and write", "@acme/payments, @acme/checkout would own the repository as a whole"}},
		{sample.CheckedLost, []string{"It could not be checked", "the answer has no end", "Turn the till around"}},
	} {
		page := p.ok("/checks/github/acme/payments/" + tt.sha).body
		for _, want := range tt.want {
			if !strings.Contains(page, want) {
				t.Errorf("the page of %.7s lacks %q", tt.sha, want)
			}
		}
	}
	for _, path := range []string{"/checks/github/acme/payments/4444444444444444444444444444444444444444", "/checks/github/acme/payments/", "/checks/gitlab/acme/payments/" + sample.CheckedMuch} {
		if got := p.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
	source := p.ok("/sources/github").body
	for _, want := range []string{"Checks before a merge", "The forge does not show it:", "pull request 4 of acme/payments: not found", "/checks/github/acme/payments/" + sample.CheckedMuch} {
		if !strings.Contains(source, want) {
			t.Errorf("the page of the source lacks %q", want)
		}
	}
	if other := p.ok("/sources/gitlab").body; strings.Contains(other, "Checks before a merge") {
		t.Error("the page of a source whose pull requests are not checked tells of some")
	}
}
