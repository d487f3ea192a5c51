// Package catalogtest draws entities for property tests.
package catalogtest

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
)

// Entity draws valid entities of several kinds, with awkward text and extra
// fields of every shape.
func Entity() *rapid.Generator[*catalog.Entity] {
	return rapid.Custom(func(t *rapid.T) *catalog.Entity {
		e, problems := catalog.FromObject(Object().Draw(t, "object"))
		if len(problems) > 0 {
			panic(fmt.Sprintf("catalogtest drew an entity with problems: %v", problems))
		}
		return e
	})
}

// Object draws what catalog.FromObject takes without problems.
func Object() *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		obj := map[string]any{"apiVersion": "backstage.io/v1alpha1", "metadata": metadata().Draw(t, "metadata")}
		spec := rapid.MapOfN(rapid.StringMatching(`x[a-zA-Z ]{0,4}`), Value(), 0, 3).Draw(t, "extra")
		optional := func(key string, values *rapid.Generator[any]) {
			if rapid.Bool().Draw(t, "has "+key) {
				spec[key] = values.Draw(t, key)
			}
		}
		switch kind := rapid.SampledFrom([]string{"Component", "Group", "Location", "Template"}).Draw(t, "kind"); kind {
		case "Component":
			obj["kind"] = kind
			spec["type"], spec["lifecycle"], spec["owner"] = word(t), word(t), word(t)
			optional("system", rapid.Map(ref(), toAny))
			optional("dependsOn", list(rapid.Map(ref(), func(s string) any { return "component:" + s })))
			optional("providesApis", list(rapid.Map(ref(), toAny)))
		case "Group":
			obj["kind"] = kind
			spec["type"], spec["children"] = word(t), list(rapid.Map(ref(), toAny)).Draw(t, "children")
			optional("parent", rapid.Map(ref(), toAny))
		case "Location":
			obj["kind"] = kind
			optional("targets", list(rapid.Map(Text(), func(s string) any { return "./" + s })))
		case "Template":
			obj["kind"], obj["apiVersion"] = kind, "scaffolder.backstage.io/v1beta3"
			spec["type"] = word(t)
			spec["steps"] = list(rapid.Custom(func(t *rapid.T) any {
				return map[string]any{"id": word(t), "action": word(t), "input": map[string]any{"x": Value().Draw(t, "input")}}
			})).Draw(t, "steps")
		}
		obj["spec"] = spec
		return obj
	})
}

// Value draws JSON values.
func Value() *rapid.Generator[any] { return value(2) }

// Text draws strings, among them many that YAML could mistake for something else.
func Text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z0-9 ]{0,12}`),
		rapid.SampledFrom([]string{
			"", " ", "~", "null", "true", "yes", "0755", "0o17", "0x1F", "1_000", "1e400", ".5", "+1", "-", "- x", "2020-01-02", ".inf", "<<", "=",
			"a: b", "a #b", "# a", "*a", "&a", "!a", "@a", "%a", "`a`", "{{ a }}", "[a", "'a'", `"a"`, `a\b`, "a,b", "?", "? a", "|", ">",
			"a\nb", "a\nb\n", "a\n\n", "\na", " a\nb", "a \nb", "\ta", "a\t", "a\n\tb", "a\r\nb", "---", "---\na", "a\n---\nb", "...", "\n",
			"é", "例", "\U0001f3ad", "a\u2028b", "a\u0085b", "\ufeffa", "\x00", "a\x07b", "\x7f", "\U0010f00d",
		}),
		rapid.String(),
	)
}

func value(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Map(rapid.Bool(), toAny),
		rapid.Map(rapid.OneOf(rapid.Map(rapid.IntRange(-1000, 1000), func(i int) float64 { return float64(i) }), rapid.Float64()), toAny),
		rapid.Map(Text(), toAny),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	return rapid.OneOf(append(scalars,
		rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), toAny),
		rapid.Map(rapid.SliceOfN(rapid.Map(rapid.StringMatching(`[a-d]`), toAny), 0, 4), toAny),
		rapid.Map(rapid.MapOfN(Text(), value(depth-1), 0, 3), toAny),
	)...)
}

func metadata() *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		m := rapid.MapOfN(rapid.StringMatching(`[A-Z][a-z]{0,3}`), Value(), 0, 2).Draw(t, "extra metadata")
		m["name"] = rapid.StringMatching(`[a-zA-Z0-9]([a-zA-Z0-9._-]{0,5}[a-zA-Z0-9])?`).Draw(t, "name")
		optional := func(key string, values *rapid.Generator[any]) {
			if rapid.Bool().Draw(t, "has "+key) {
				m[key] = values.Draw(t, key)
			}
		}
		optional("namespace", rapid.Map(rapid.StringMatching(`[a-z][a-z0-9]{0,3}`), toAny))
		optional("title", rapid.Map(Text(), func(s string) any { return "T" + s }))
		optional("description", rapid.Map(Text(), func(s string) any { return s + "." }))
		optional("labels", mapping(rapid.StringMatching(`[a-z]([a-z0-9]{0,8}[a-z0-9])?`)))
		optional("annotations", mapping(Text()))
		optional("tags", list(rapid.Map(rapid.StringMatching(`[a-d+#]{1,2}`), toAny)))
		optional("links", list(rapid.Custom(func(t *rapid.T) any {
			return map[string]any{"url": "https://" + word(t), "title": word(t), "Extra": Value().Draw(t, "extra link")}
		})))
		return m
	})
}

func mapping(values *rapid.Generator[string]) *rapid.Generator[any] {
	keys := rapid.OneOf(rapid.StringMatching(`acme\.example/[a-z]{1,4}`), rapid.SampledFrom(catalog.DerivedAnnotations()))
	return rapid.Map(rapid.MapOfN(keys, rapid.Map(values, toAny), 0, 3), toAny)
}

func list(values *rapid.Generator[any]) *rapid.Generator[any] {
	return rapid.Map(rapid.SliceOfN(values, 0, 4), toAny)
}

func ref() *rapid.Generator[string] { return rapid.StringMatching(`([a-z]{1,3}/)?[a-zA-Z]{1,5}`) }

func word(t *rapid.T) string { return rapid.StringMatching(`[a-z]{1,6}`).Draw(t, "word") }

func toAny[T any](v T) any {
	return v
}
