package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/web/internal/sample"
)

func TestRelatedTabs(t *testing.T) {
	p := acme(t)
	for _, tt := range []struct {
		address string
		tab     string
		names   []string
	}{
		{paymentsAPI + "/apis", "APIs 1", []string{"payments-v2"}},
		{paymentsV2 + "/used-by", "Used by 4", []string{"checkout-web", "payment-webhooks", "Payments API", "storefront"}},
		{paymentsV2 + "/used-by?relation=apiProvidedBy", "Used by 4", []string{"Payments API"}},
		{paymentsAPI + "/needs?relation=dependsOn", "Needs", []string{"identity-gateway", "ledger", "payments-db", "payments-queue"}},
		{"/catalog/default/domain/money/parts", "Parts 2", []string{"ledger", "payments"}},
		{"/catalog/default/group/payments/members", "Members 3", []string{"kestrel-7", "pebbledash", "saltmarsh"}},
		{"/catalog/default/group/payments/owns?kind=system", "Owns 8", []string{"payments"}},
	} {
		t.Run(tt.address, func(t *testing.T) {
			got := p.ok(tt.address)
			if on := textOf(got.one(".tabs a[aria-current=page]")); !strings.HasPrefix(on, tt.tab) {
				t.Errorf("the tab %q is marked, want %q", on, tt.tab)
			}
			if diff := cmp.Diff(tt.names, got.texts("tbody .name")); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRelatedTabKinds(t *testing.T) {
	p := acme(t)
	got := p.ok("/catalog/default/group/payments/owns")
	if diff := cmp.Diff([]string{"All kinds 8", "Components 3", "Resources 2", "APIs 1", "Domains 1", "Systems 1"}, got.texts(".views a")); diff != "" {
		t.Error(diff)
	}
	p.ok(got.follow(".views a", "Resources")).wants("tbody", "payments-db", "payments-queue")
	// Unknown names are said, and nothing else of them.
	ledger := p.ok("/catalog/default/component/ledger/needs?relation=dependsOn")
	ledger.wants(".strip.warn", "1 name leads nowhere.", "resource:default/ledger-replica")
	for _, bad := range []string{"?relation=ownedBy", "?page=x"} {
		if got := p.get("/catalog/default/component/ledger/needs" + bad); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", bad, got.status)
		}
	}
	if got := p.get("/catalog/default/component/nobody/parts"); got.status != http.StatusNotFound {
		t.Errorf("parts of nothing: %d, want 404", got.status)
	}
}

// What people own is what they own themselves and what their teams own.
func TestWhatAPersonOwns(t *testing.T) {
	p := acme(t)
	p.push(sample.Push{At: sample.Now, Repository: "acme/pet", Text: "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: pet}\nspec: {type: tool, lifecycle: experimental, owner: user:pebbledash}\n"})
	p.settle()
	got := p.ok("/catalog/default/user/pebbledash/owns")
	if diff := cmp.Diff([]string{"All", "pebbledash 1", "Payments 8"}, got.texts("[aria-label=Relation] a")); diff != "" {
		t.Error(diff)
	}
	if rows := p.ok(got.follow("[aria-label=Relation] a", "pebbledash")).texts("tbody .name"); len(rows) != 1 || rows[0] != "pet" {
		t.Errorf("of their own: %v", rows)
	}
	overview := p.ok("/catalog/default/user/pebbledash")
	overview.wants("[aria-labelledby=h-owns]", "Owns", "All 9", "Components 4")
	overview.wants("[aria-labelledby=h-about]", "Mail pebbledash@acme.example")
	overview.wants(".relations", "Member of Payments")
}

func TestExcerpts(t *testing.T) {
	p := acme(t)
	team := p.ok("/catalog/default/group/payments")
	team.wants("[aria-labelledby=h-members]", "Members", "kestrel-7", "All 3")
	team.wants("[aria-labelledby=h-owns]", "All 8", "Resources 2")
	p.ok("/catalog/default/system/payments").wants("[aria-labelledby=h-parts]", "What it is made of", "Payments API", "Component, service", "Production")
	p.ok("/catalog/default/domain/money").wants("[aria-labelledby=h-parts]", "Parts", "payments", "System")
	if n := len(p.ok(paymentsAPI).all(".excerpt")); n != 0 {
		t.Error("a service without parts lists some")
	}
}

// A team may own more than any page can hold: the overview stays small, and the
// list has pages.
func TestTeamThatOwnsMuch(t *testing.T) {
	p := empty(t)
	p.push(sample.Push{At: sample.Now, Repository: "acme/team", Text: "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: big}\nspec: {type: team, children: []}\n"})
	var text strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&text, "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: svc-%04d}\nspec: {type: service, lifecycle: production, owner: big, subcomponentOf: svc-0000}\n---\n", i)
	}
	p.push(sample.Push{At: sample.Now, Repository: "acme/much", Text: text.String()})
	p.settle()
	for _, address := range []string{"/catalog/default/group/big", "/catalog/default/component/svc-0000"} {
		got := p.ok(address)
		if n := len(got.body); n > 200_000 {
			t.Errorf("%s has %d bytes", address, n)
		}
		if n := len(got.all("a[href^='/catalog/default/component/svc-']")); n > 200 {
			t.Errorf("%s has %d links to what belongs to it", address, n)
		}
	}
	list := p.ok(p.ok("/catalog/default/group/big").follow(".relations a", "2,989 more"))
	list.wants(".pager", "1–25 of 3,000")
	p.ok(list.follow(".pager a", "Next")).wants("tbody", "svc-0025")
}

func TestLocationAndTemplate(t *testing.T) {
	p := empty(t)
	p.push(sample.Push{At: sample.Now, Repository: "acme/all", Text: `apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: all}
spec:
  targets: [./teams/*.yaml, "https://git.acme.example/acme/more.yaml"]
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: service}
spec:
  type: service
  parameters:
    - title: About it
      properties: {name: {title: Name of the service}, owner: {}}
  steps:
    - {id: fetch, name: Fetch the skeleton, action: "fetch:template"}
    - {id: publish, action: "publish:github"}
`})
	p.settle()
	got := p.ok("/catalog/default/location/all")
	got.wants("[aria-labelledby=h-targets]", "./teams/*.yaml", "What came from there", "Nothing so far.")
	if to := got.follow("[aria-labelledby=h-targets] a", "more.yaml"); to != "https://git.acme.example/acme/more.yaml" {
		t.Errorf("a target leads to %q", to)
	}
	p.ok("/catalog/default/template/service").wants("[aria-labelledby=h-template]", "About it Name of the service owner", "Fetch the skeleton fetch:template", "publish publish:github")
}
