package catalog_test

import (
	"testing"

	"github.com/callboard/callboard/catalog"
)

const typical = `"annotations": {"backstage.io/techdocs-ref": "dir:.", "github.com/project-slug": "acme/till", "acme.example/tier": "1"},
	"description": "Takes money at the counter", "tags": ["go", "payments", "tier-1"],
	"links": [{"url": "https://runbooks.acme.example/till", "title": "Runbook"}, {"url": "https://dash.acme.example/till", "title": "Dashboard", "icon": "dashboard"}]`

const typicalSpec = `"system": "checkout", "providesApis": ["till-api", "refund-api"], "consumesApis": ["ledger-api"], "dependsOn": ["resource:till-db", "resource:till-queue", "component:ledger"]`

func BenchmarkFromObject(b *testing.B) {
	obj := object(b, component(typical, typicalSpec))
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := catalog.FromObject(obj); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

func BenchmarkEdges(b *testing.B) {
	e, _ := catalog.FromObject(object(b, component(typical, typicalSpec)))
	b.ReportAllocs()
	for b.Loop() {
		catalog.Edges(e)
	}
}

func BenchmarkDiff(b *testing.B) {
	before, _ := catalog.FromObject(object(b, component(typical, typicalSpec)))
	after, _ := catalog.FromObject(object(b, component(typical, typicalSpec+`, "owner": "checkout"`)))
	b.ReportAllocs()
	for b.Loop() {
		catalog.Diff(before, after)
	}
}

func BenchmarkETag(b *testing.B) {
	e, _ := catalog.FromObject(object(b, component(typical, typicalSpec)))
	b.ReportAllocs()
	for b.Loop() {
		catalog.ETag(e)
	}
}
