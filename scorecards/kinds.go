package scorecards

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/schema"
)

// APIVersion is that of the kinds of this package.
const APIVersion = "callboard.dev/v1alpha1"

// The kinds of this package, as descriptors write them.
const (
	KindScorecard  = "Scorecard"
	KindInitiative = "Initiative"
	KindExemption  = "Exemption"
)

// KindNames lists them.
func KindNames() []string { return []string{KindScorecard, KindInitiative, KindExemption} }

// Kinds returns the kinds of this package, for a catalog that is to know them. They
// are checked like the kinds that an organisation declares for itself, by their JSON
// schema, and for what no schema can say, such as whether an expression can be used.
func Kinds() catalog.Kinds {
	return catalog.Kinds{
		kind(KindScorecard, "score", "Rules that entities are judged by, and the levels that they come to", problemsOf(parseCard),
			related("owner")),
		kind(KindInitiative, "flag", "A goal that entities are to reach on a scorecard by a day", problemsOf(parseInitiative),
			related("owner"), reference("scorecard", "partOf", "hasPart", KindScorecard)),
		kind(KindExemption, "shield", "An entity need not keep a rule for a while", problemsOf(parseExemption),
			reference("scorecard", "partOf", "hasPart", KindScorecard), reference("entity", "exempts", "exemptedBy", ""),
			reference("requestedBy", "requestedBy", "requesterOf", "User"), reference("decidedBy", "decidedBy", "deciderOf", "User")),
	}
}

//go:embed schemas
var schemas embed.FS

// specSchemas are the parts of the schemas that are about the spec: compiled once,
// never changed.
var specSchemas = sync.OnceValue(func() map[string]*schema.Schema {
	all := map[string]*schema.Schema{}
	for _, kind := range KindNames() {
		all[kind] = specSchema(kind)
	}
	return all
})

func specSchema(kind string) *schema.Schema {
	var document struct {
		Properties struct {
			Spec json.RawMessage `json:"spec"`
		} `json:"properties"`
	}
	text, err := schemas.ReadFile("schemas/" + strings.ToLower(kind) + ".json")
	if err == nil {
		err = json.Unmarshal(text, &document)
	}
	if err != nil {
		panic(fmt.Sprintf("scorecards: schema of %s: %v", kind, err))
	}
	compiled, problems := schema.Compile(document.Properties.Spec)
	if len(problems) > 0 {
		panic(fmt.Sprintf("scorecards: schema of %s: %v", kind, problems))
	}
	return compiled
}

func kind(name, icon, description string, check func(map[string]any) []catalog.Problem, references ...catalog.Field) catalog.Kind {
	s := specSchemas()[name]
	fields := s.Fields()
	for _, r := range references {
		for i := range fields {
			if fields[i].Name == r.Name {
				fields[i].Type, fields[i].Reference = r.Type, r.Reference
			}
		}
	}
	return catalog.Kind{Name: name, APIVersions: []string{APIVersion}, Spec: fields, Own: &catalog.Own{Icon: icon, Description: description, PlainTitle: true, Check: check}}
}

// problemsOf is what is wrong with a spec, of what reads it.
func problemsOf[T any](parse func(map[string]any) (T, []catalog.Problem)) func(map[string]any) []catalog.Problem {
	return func(spec map[string]any) []catalog.Problem {
		_, problems := parse(spec)
		return problems
	}
}

// related is a field with the relation that it has in every kind.
func related(name string) catalog.Field {
	for _, f := range catalog.Related() {
		if f.Name == name {
			return f
		}
	}
	panic("scorecards: no kind has the field " + name)
}

func reference(name, outgoing, incoming, defaultKind string) catalog.Field {
	return catalog.Field{Name: name, Type: catalog.Text, Reference: &catalog.Reference{Outgoing: outgoing, Incoming: incoming, DefaultKind: defaultKind}}
}
