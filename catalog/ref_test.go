package catalog_test

import (
	"testing"

	"github.com/callboard/callboard/catalog"
)

func TestParseRef(t *testing.T) {
	inShop := catalog.Ref{Kind: "Group", Namespace: "shop"}
	tests := []struct {
		in       string
		defaults catalog.Ref
		want     catalog.Ref
		err      string
	}{
		{in: "component:shop/till", want: catalog.Ref{Kind: "component", Namespace: "shop", Name: "till"}},
		{in: "Component:Shop/Till", want: catalog.Ref{Kind: "Component", Namespace: "Shop", Name: "Till"}},
		{in: "component:till", want: catalog.Ref{Kind: "component", Namespace: "default", Name: "till"}},
		{in: "payments", defaults: inShop, want: catalog.Ref{Kind: "Group", Namespace: "shop", Name: "payments"}},
		{in: "default/payments", defaults: inShop, want: catalog.Ref{Kind: "Group", Namespace: "default", Name: "payments"}},
		{in: "user:kestrel-7", defaults: inShop, want: catalog.Ref{Kind: "user", Namespace: "shop", Name: "kestrel-7"}},
		// The first colon and the first slash split.
		{in: "a/b/c", defaults: inShop, want: catalog.Ref{Kind: "Group", Namespace: "a", Name: "b/c"}},
		{in: "a/b:c", defaults: inShop, want: catalog.Ref{Kind: "Group", Namespace: "a", Name: "b:c"}},
		{in: "a:b:c", want: catalog.Ref{Kind: "a", Namespace: "default", Name: "b:c"}},
		{in: "a:b/c:d/e", want: catalog.Ref{Kind: "a", Namespace: "b", Name: "c:d/e"}},

		{in: "payments", err: `entity reference "payments" has no kind, and none follows from where it stands`},
		{in: "", defaults: inShop, err: `entity reference "" is not of the form [<kind>:][<namespace>/]<name>`},
		{in: ":x", defaults: inShop, err: `entity reference ":x" is not of the form [<kind>:][<namespace>/]<name>`},
		{in: "/x", defaults: inShop, err: `entity reference "/x" is not of the form [<kind>:][<namespace>/]<name>`},
		{in: "a:", err: `entity reference "a:" is not of the form [<kind>:][<namespace>/]<name>`},
		{in: "a:b/", err: `entity reference "a:b/" is not of the form [<kind>:][<namespace>/]<name>`},
		{in: "a:/b", err: `entity reference "a:/b" is not of the form [<kind>:][<namespace>/]<name>`},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := catalog.ParseRef(tt.in, tt.defaults)
			if got != tt.want {
				t.Errorf("ref %#v, want %#v", got, tt.want)
			}
			if msg := errorText(err); msg != tt.err {
				t.Errorf("error %q, want %q", msg, tt.err)
			}
		})
	}
}

func TestRefString(t *testing.T) {
	tests := map[catalog.Ref]string{
		{Kind: "Component", Namespace: "Shop", Name: "Till"}: "component:shop/till",
		{Kind: "API", Name: "pay"}:                           "api:default/pay",
	}
	for ref, want := range tests {
		if got := ref.String(); got != want {
			t.Errorf("%#v is %q, want %q", ref, got, want)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, seed := range []string{"component:shop/till", "till", "a/b:c", "a:b:c", "a/b/c", ":", "/", "a:", "", "İ:İ/İ", "\xff"} {
		f.Add(seed, "group", "shop")
		f.Add(seed, "", "")
	}
	f.Fuzz(func(t *testing.T, s, kind, namespace string) {
		r, err := catalog.ParseRef(s, catalog.Ref{Kind: kind, Namespace: namespace})
		if err != nil {
			if r != (catalog.Ref{}) {
				t.Errorf("a ref %#v beside the error %v", r, err)
			}
			return
		}
		if r.Kind == "" || r.Namespace == "" || r.Name == "" {
			t.Errorf("%q gives %#v, which lacks something", s, r)
		}
		if kind != "" || namespace != "" {
			return // defaults may hold colons and slashes of their own
		}
		again, err := catalog.ParseRef(r.String(), catalog.Ref{})
		if err != nil || again.String() != r.String() {
			t.Errorf("%q gives %s, which gives %#v, %v", s, r, again, err)
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
