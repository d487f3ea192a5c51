package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
)

func TestEdges(t *testing.T) {
	entity := func(kind string, spec map[string]any) *catalog.Entity {
		version := "backstage.io/v1alpha1"
		if kind == "Template" {
			version = "scaffolder.backstage.io/v1beta3"
		}
		return &catalog.Entity{APIVersion: version, Kind: kind, Metadata: catalog.Metadata{Name: "X", Namespace: "shop"}, Spec: spec}
	}
	tests := []struct {
		name   string
		entity *catalog.Entity
		want   []string // without the edges back
	}{
		{"component", entity("Component", map[string]any{
			"owner": "payments", "system": "checkout", "subcomponentOf": "till",
			"providesApis": []any{"a"}, "consumesApis": []any{"b", "api:other/c"},
			"dependsOn": []any{"resource:db", "Component:Other/Z"}, "dependencyOf": []any{"component:y"},
		}), []string{
			"ownedBy group:shop/payments ownerOf",
			"partOf system:shop/checkout hasPart",
			"partOf component:shop/till hasPart",
			"providesApi api:shop/a apiProvidedBy",
			"consumesApi api:shop/b apiConsumedBy",
			"consumesApi api:other/c apiConsumedBy",
			"dependsOn resource:shop/db dependencyOf",
			"dependsOn component:other/z dependencyOf",
			"dependencyOf component:shop/y dependsOn",
		}},
		{"API", entity("API", map[string]any{"owner": "user:default/kestrel-7", "system": "s", "providesApis": []any{"no relation here"}}), []string{
			"ownedBy user:default/kestrel-7 ownerOf", "partOf system:shop/s hasPart",
		}},
		{"resource", entity("Resource", map[string]any{"owner": "o", "system": "s", "dependsOn": []any{"resource:a"}, "dependencyOf": []any{"component:b"}}), []string{
			"ownedBy group:shop/o ownerOf", "partOf system:shop/s hasPart", "dependsOn resource:shop/a dependencyOf", "dependencyOf component:shop/b dependsOn",
		}},
		{"system", entity("System", map[string]any{"owner": "o", "domain": "d"}), []string{"ownedBy group:shop/o ownerOf", "partOf domain:shop/d hasPart"}},
		{"domain", entity("Domain", map[string]any{"owner": "o", "subdomainOf": "d"}), []string{"ownedBy group:shop/o ownerOf", "partOf domain:shop/d hasPart"}},
		{"group", entity("Group", map[string]any{"parent": "p", "children": []any{"c"}, "members": []any{"m"}}), []string{
			"childOf group:shop/p parentOf", "parentOf group:shop/c childOf", "hasMember user:shop/m memberOf",
		}},
		{"user", entity("User", map[string]any{"memberOf": []any{"g"}}), []string{"memberOf group:shop/g hasMember"}},
		{"template", entity("Template", map[string]any{"owner": "o"}), []string{"ownedBy group:shop/o ownerOf"}},
		{"location", entity("Location", map[string]any{"targets": []any{"./x.yaml"}}), nil},
		{"an unknown kind", entity("Robot", map[string]any{"owner": "o"}), nil},
		{"a single string for a list", entity("User", map[string]any{"memberOf": "g"}), []string{"memberOf group:shop/g hasMember"}},
		{"what is no reference", entity("Component", map[string]any{"owner": 5.0, "system": "x:", "dependsOn": []any{"bare", nil}}), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			self := tt.entity.Ref()
			edges := catalog.Edges(tt.entity)
			var got []string
			for i := 0; i+1 < len(edges); i += 2 {
				there, back := edges[i], edges[i+1]
				if there.From != self || back.To != self || there.To != back.From {
					t.Errorf("edges %v and %v are not there and back of %v", there, back, self)
				}
				got = append(got, there.Type+" "+there.To.String()+" "+back.Type)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(edges)%2 != 0 {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
		})
	}
}
