package catalog

import (
	"slices"
	"strings"
)

// Kinds is what is known of the kinds of entities: the one table that both
// validation ([Kinds.FromObject]) and relations ([Kinds.Edges]) derive from.
// [BuiltIn] returns Backstage's own.
type Kinds []Kind

// Kind describes one kind of entity.
type Kind struct {
	Name        string   // as documents must write it: letter case counts
	APIVersions []string // those that this description is for
	Spec        []Field  // in the order in which people write them
	// Own is there for a kind that Backstage does not know. No relation follows
	// from it.
	Own *Own `json:"-"`
}

// Own is what there is to say besides of a kind that an organisation declared
// for itself. All of it may be empty.
type Own struct {
	Title       string // what people call it; empty = its name
	Plural      string // what they call several; empty = the title with an s
	Description string // in a sentence
	Icon        string // of those that the pages have
	// PlainTitle refuses a metadata.title in which a character is hidden: see [IsHidden].
	PlainTitle bool
	// Check says what else is wrong with a spec, with paths that begin with
	// "spec". It does not write to it.
	Check func(spec map[string]any) []Problem
}

// Field describes one field of a mapping. Fields that are not described may be
// there too and hold anything.
type Field struct {
	Name string
	// Title and Description are for people; empty where the name says it all.
	Title, Description string `json:"-"`

	Type     Type
	Required bool
	Values   []string // the only ones that Text may hold; nil for any
	Fields   []Field  // of a Mapping, or of each of Mappings
	// Reference is set when the text, or each of the texts, names an entity.
	Reference *Reference
}

// Type is what a field may hold.
type Type int

// The types.
const (
	Anything          Type = iota
	Text                   // a string of at least one character
	TextOrEmpty            // any string
	TextOrBool             // any string, or true or false
	Texts                  // a list of Text
	TextOrTexts            // a Text, or a list of them
	TextMap                // a mapping with string values
	Mapping                // one whose fields Field.Fields describes
	Mappings               // a list of Mapping
	MappingOrMappings      // either of the two
)

// Reference is what it means that a field names an entity: a relation from the
// declaring entity to the named one, and its inverse.
type Reference struct {
	Outgoing string // type of the relation from the declaring entity
	Incoming string // type of the relation back
	// DefaultKind completes a reference without kind. Empty: there is no
	// default, the reference must name its kind.
	DefaultKind string
}

// BuiltIn returns the kinds that every catalog knows. For their meaning see
// https://backstage.io/docs/features/software-catalog/descriptor-format.
func BuiltIn() Kinds { return slices.Clone(builtIn) }

// Find returns the kind that a document with this apiVersion and kind is of,
// or nil. Letter case counts.
func (ks Kinds) Find(apiVersion, kind string) *Kind {
	for i := range ks {
		if ks[i].Name == kind && slices.Contains(ks[i].APIVersions, apiVersion) {
			return &ks[i]
		}
	}
	return nil
}

// Named returns the kind of this name, whatever its apiVersion, or nil. Letter
// case does not count, as in references; of several the first is meant.
func (ks Kinds) Named(kind string) *Kind {
	for i := range ks {
		if strings.EqualFold(ks[i].Name, kind) {
			return &ks[i]
		}
	}
	return nil
}

// Related returns the fields that mean the same in every kind that has them,
// such as owner: any kind may have them, with the relations that Backstage knows.
func Related() []Field {
	return []Field{owner, system, reference("domain", "partOf", "hasPart", "Domain"), dependsOn, dependencyOf, providesAPIs, consumesAPIs}
}

// builtIn is never written to.
var builtIn = Kinds{
	{Name: "Component", APIVersions: v1, Spec: []Field{
		required(text("type")),
		required(text("lifecycle")),
		required(owner),
		system,
		reference("subcomponentOf", "partOf", "hasPart", "Component"),
		providesAPIs,
		consumesAPIs,
		dependsOn,
		dependencyOf,
	}},
	{Name: "API", APIVersions: v1, Spec: []Field{
		required(text("type")),
		required(text("lifecycle")),
		required(owner),
		system,
		required(text("definition")),
	}},
	{Name: "Resource", APIVersions: v1, Spec: []Field{
		required(text("type")),
		required(owner),
		system,
		dependsOn,
		dependencyOf,
	}},
	{Name: "System", APIVersions: v1, Spec: []Field{
		required(owner),
		reference("domain", "partOf", "hasPart", "Domain"),
		text("type"),
	}},
	{Name: "Domain", APIVersions: v1, Spec: []Field{
		required(owner),
		reference("subdomainOf", "partOf", "hasPart", "Domain"),
		text("type"),
	}},
	{Name: "Group", APIVersions: v1, Spec: []Field{
		required(text("type")),
		profile,
		reference("parent", "childOf", "parentOf", "Group"),
		required(references("children", "parentOf", "childOf", "Group")),
		references("members", "hasMember", "memberOf", "User"),
	}},
	{Name: "User", APIVersions: v1, Spec: []Field{
		profile,
		required(references("memberOf", "memberOf", "hasMember", "Group")),
	}},
	{Name: "Location", APIVersions: v1, Spec: []Field{
		text("type"),
		text("target"),
		{Name: "targets", Type: Texts},
		{Name: "presence", Type: Text, Values: []string{"required", "optional"}},
	}},
	{Name: "Template", APIVersions: []string{"scaffolder.backstage.io/v1beta3"}, Spec: []Field{
		owner,
		required(text("type")),
		text("lifecycle"),
		{Name: "presentation", Type: Mapping},
		{Name: "parameters", Type: MappingOrMappings},
		{Name: "secrets", Type: Mapping},
		required(Field{Name: "steps", Type: Mappings, Fields: []Field{
			{Name: "id", Type: TextOrEmpty},
			{Name: "name", Type: TextOrEmpty},
			required(Field{Name: "action", Type: TextOrEmpty}),
			{Name: "if", Type: TextOrBool},
			{Name: "input", Type: Mapping},
		}}),
		{Name: "output", Type: Mapping, Fields: []Field{
			{Name: "links", Type: Mappings, Fields: []Field{
				text("url"), text("entityRef"), text("title"), text("icon"), {Name: "if", Type: TextOrBool},
			}},
			{Name: "text", Type: Mappings, Fields: []Field{
				text("title"), text("icon"), {Name: "content", Type: TextOrEmpty}, {Name: "if", Type: TextOrBool},
			}},
		}},
	}},
}

// Fields that several kinds share; never written to.
var (
	v1 = []string{"backstage.io/v1alpha1", "backstage.io/v1beta1"}

	owner        = reference("owner", "ownedBy", "ownerOf", "Group")
	system       = reference("system", "partOf", "hasPart", "System")
	dependsOn    = references("dependsOn", "dependsOn", "dependencyOf", "")
	dependencyOf = references("dependencyOf", "dependencyOf", "dependsOn", "")
	providesAPIs = references("providesApis", "providesApi", "apiProvidedBy", "API")
	consumesAPIs = references("consumesApis", "consumesApi", "apiConsumedBy", "API")
	profile      = Field{Name: "profile", Type: Mapping, Fields: []Field{text("displayName"), text("email"), text("picture")}}
)

// What every entity has, whatever its kind; never written to. The first two are
// the envelope, without which a document is no entity at all.
var (
	rootFields = []Field{
		required(text("apiVersion")),
		required(text("kind")),
		required(Field{Name: "metadata", Type: Mapping}),
	}
	identityFields = []Field{
		required(text("name")),
		text("namespace"),
	}
	metadataFields = []Field{
		text("uid"),
		text("etag"),
		text("title"),
		{Name: "description", Type: TextOrEmpty},
		{Name: "labels", Type: TextMap},
		{Name: "annotations", Type: TextMap},
		{Name: "tags", Type: Texts},
		{Name: "links", Type: Mappings, Fields: []Field{
			required(text("url")), text("title"), text("icon"), text("type"),
		}},
	}
)

func text(name string) Field { return Field{Name: name, Type: Text} }

func required(f Field) Field {
	f.Required = true
	return f
}

func reference(name, outgoing, incoming, defaultKind string) Field {
	return Field{Name: name, Type: Text, Reference: &Reference{outgoing, incoming, defaultKind}}
}

func references(name, outgoing, incoming, defaultKind string) Field {
	f := reference(name, outgoing, incoming, defaultKind)
	f.Type = Texts
	return f
}
