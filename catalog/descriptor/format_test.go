package descriptor_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/catalogtest"
	"github.com/callboard/callboard/catalog/descriptor"
)

func TestFormat(t *testing.T) {
	e := &catalog.Entity{
		APIVersion: "backstage.io/v1alpha1", Kind: "Component",
		Metadata: catalog.Metadata{
			UID: "1", ETag: "2", Name: "till", Namespace: "shop", Title: "The till", Description: "Takes money.\nSometimes gives change.\n",
			Labels:      map[string]string{"acme.example/tier": "1"},
			Annotations: map[string]string{"b": "yes", "a": "0o17"},
			Tags:        []string{"c#", "go"},
			Links:       []catalog.Link{{URL: "https://runbooks.acme.example/till", Title: "Runbook", Icon: "book", Extra: map[string]any{"order": 1.0}}},
			Extra:       map[string]any{"aliases": []any{}},
		},
		Spec: map[string]any{
			"anything": map[string]any{"big": 1e21, "none": nil, "off": false},
			"owner":    "payments", "type": "service", "lifecycle": "production", "dependsOn": []any{"resource:till-db"}, "system": "checkout",
		},
	}
	const want = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  namespace: shop
  name: till
  title: The till
  description: |
    Takes money.
    Sometimes gives change.
  labels:
    acme.example/tier: "1"
  annotations:
    a: "0o17"
    b: yes
  tags:
    - c#
    - go
  links:
    - url: https://runbooks.acme.example/till
      title: Runbook
      icon: book
      order: 1
  aliases: []
spec:
  type: service
  lifecycle: production
  owner: payments
  system: checkout
  dependsOn:
    - resource:till-db
  anything:
    big: 1e+21
    none: null
    off: false
`
	got, err := descriptor.Format(e)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("descriptor (-want +got):\n%s", diff)
	}
}

func TestFormatRefusesWhatIsNoJSON(t *testing.T) {
	e := &catalog.Entity{Kind: "Component", Metadata: catalog.Metadata{Name: "till"}, Spec: map[string]any{"x": []any{math.NaN()}}}
	b, err := descriptor.Format(e)
	if want := "format component:default/till: json: unsupported value: NaN"; err == nil || err.Error() != want {
		t.Errorf("%q, error %v, want %s", b, err, want)
	}
}

func TestParseIsTheInverseOfFormat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := catalogtest.Entity().Draw(t, "entity")
		b, err := descriptor.Format(e)
		if err != nil {
			t.Fatal(err)
		}
		f := descriptor.Parse(b)
		if len(f.Documents) != 1 || f.Documents[0].Entity == nil {
			t.Fatalf("%q gives %+v", b, f)
		}
		if diff := cmp.Diff(e, f.Documents[0].Entity); diff != "" {
			t.Fatalf("entity (-want +got):\n%s\nfrom %q", diff, b)
		}
	})
}
