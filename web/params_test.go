package web_test

import (
	"net/http"
	"testing"
)

// What an address asks for and no page has is refused, in the words of the address, and not
// taken for something else.
func TestNonsenseInAddresses(t *testing.T) {
	o := shop(t)
	for _, tt := range []struct {
		address string
		status  int
		says    string
	}{
		{"/exemptions?team=nope", http.StatusNotFound, "There is no group:default/nope in the catalog."},
		{"/exemptions?scorecard=nope", http.StatusNotFound, "There is no scorecard:default/nope in the catalog."},
		{"/exemptions?status=nope", http.StatusBadRequest, "status=nope is no status; write status=requested, status=granted, status=nothing, status=expired, status=denied or status=revoked."},
		{"/exemptions?months=zz", http.StatusBadRequest, "months=zz is no period; write months=3, months=6 or months=12."},
		{"/teams?view=nope", http.StatusBadRequest, "view=nope is no view; write view=tree or view=board."},
		{"/teams?order=nope", http.StatusBadRequest, "order=nope is no order; write order=share, order=change, order=size or order=name."},
		{"/executive?group=zz", http.StatusBadRequest, "group=zz is no grouping; write group=domain or group=team."},
		{"/scorecards/production-readiness?months=zz", http.StatusBadRequest, "months=zz is no period; write months=3, months=6 or months=12."},
		{"/scorecards/production-readiness?months=7", http.StatusBadRequest, "months=7 is no period"},
		{"/scorecards/production-readiness?group=zz", http.StatusBadRequest, "group=zz is no grouping; write group=team or group=domain."},
	} {
		got := o.get(tt.address)
		if got.status != tt.status {
			t.Errorf("%s: %d, want %d", tt.address, got.status, tt.status)
			continue
		}
		got.wants(".error-card", tt.says)
	}
	for _, address := range []string{
		"/exemptions?team=payments&months=12", "/exemptions?team=group:default/payments&scorecard=default:hygiene", "/exemptions?scorecard=scorecard:default/hygiene",
		"/teams?view=tree", "/teams?view=board&order=size", "/scorecards/production-readiness?months=3&group=team",
	} {
		o.ok(address)
	}
}

func TestNonsenseInAddressesOfDocs(t *testing.T) {
	_, p := movedDocs(t)
	for address, says := range map[string]string{
		"/docs?order=zz":                  "order=zz is no order; write order=name, order=fresh, order=stale, order=broken or order=owner.",
		apiDocs + "guide/begin/?view=zz":  "view=zz is no view; write view=history or view=compare.",
		paymentsV2 + "/definition?view=z": "view=z is no view; write view=reference or view=source.",
		"/catalog?order=zz":               "order=zz is no order; write order=change, order=name or order=owner.",
	} {
		got := p.get(address)
		if got.status != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", address, got.status)
			continue
		}
		got.wants(".error-card", says)
	}
	p.ok("/docs?order=name")
	p.ok(paymentsV2 + "/definition?view=reference")
}
