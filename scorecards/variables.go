package scorecards

import (
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
)

// Variable is one thing that an expression can read.
type Variable struct {
	Name string // as expressions write it: "repo.files"
	Type string // in CEL's words: "list(string)"
	Text string // for people: what it holds
	// Observed variables come from [Subject.Facts] and may be unknown; the
	// others are always known.
	Observed bool
}

// Never is the value of a time that something happened last, if it is known that
// it never happened: old enough to fail every rule that asks for something recent.
func Never() time.Time { return time.Unix(0, 0).UTC() }

// Variables lists what expressions can read, in the order of the manual.
func Variables() []Variable {
	all := make([]Variable, len(variables))
	for i, v := range variables {
		all[i] = Variable{Name: v.name, Type: typeText(v.typ), Text: v.text, Observed: v.observed}
	}
	return all
}

// typeText is what people call a type.
func typeText(t *cel.Type) string {
	return strings.NewReplacer("google.protobuf.Timestamp", "timestamp", "google.protobuf.Duration", "duration").Replace(t.String())
}

// variable declares one. Its name may have dots: each is known, or not, by itself.
type variable struct {
	name     string
	typ      *cel.Type
	observed bool
	text     string
}

// variables is never written to.
var variables = []variable{
	{"entity", cel.DynType, false, "the entity, as its descriptor says it: entity.kind, entity.metadata, entity.spec"},
	{"owner.ref", cel.StringType, false, "full reference of the owner; empty if none is named"},
	{"owner.exists", cel.BoolType, false, "whether the owner is in the catalog"},
	{"owner.members", cel.IntType, false, "how many people belong to the owner; 1 if it is a person"},
	{"relations", cel.ListType(cel.MapType(cel.StringType, cel.StringType)), false, "relations of the entity, each with type, target and kind (of the target)"},
	{"links", cel.ListType(cel.MapType(cel.StringType, cel.StringType)), false, "links of the entity, each with url, title, icon and type"},
	{"oncall.present", cel.BoolType, false, "whether an annotation leads to a tool that says who is on call"},
	{"oncall.tool", cel.StringType, false, "which: pagerduty, opsgenie, rootly, splunk or firehydrant; empty if none does"},
	{"now", cel.TimestampType, false, "the moment of the evaluation"},

	{"repo.name", cel.StringType, true, "full name of the repository: acme/payments"},
	{"repo.url", cel.StringType, true, "its page at the forge"},
	{"repo.description", cel.StringType, true, "what the forge says of it"},
	{"repo.files", cel.ListType(cel.StringType), true, "paths of the files on the default branch"},
	{"repo.text", cel.MapType(cel.StringType, cel.StringType), true, "what a file says, by its path: repo.text[\"Makefile\"]"},
	{"repo.json", cel.MapType(cel.StringType, cel.DynType), true, "the same, read as JSON: repo.json[\"renovate.json\"].extends"},
	{"repo.yaml", cel.MapType(cel.StringType, cel.DynType), true, "the first document of the file, read as YAML"},
	{"repo.toml", cel.MapType(cel.StringType, cel.DynType), true, "the same, read as TOML"},
	{"repo.defaultBranch", cel.StringType, true, "name of the default branch"},
	{"repo.protected", cel.BoolType, true, "whether the default branch is protected"},
	{"repo.archived", cel.BoolType, true, "whether it is read-only"},
	{"repo.visibility", cel.StringType, true, "public, internal or private"},
	{"repo.language", cel.StringType, true, "the main language, as the forge sees it"},
	{"repo.languages", cel.MapType(cel.StringType, cel.DoubleType), true, "share of each language in its code, from 0 to 1: repo.languages[?\"Go\"].orValue(0.0)"},
	{"repo.topics", cel.ListType(cel.StringType), true, "topics that it has at the forge"},
	{"repo.license", cel.StringType, true, "SPDX identifier of the licence; empty if there is none"},
	{"repo.codeowners", cel.ListType(cel.StringType), true, "who owns the folder of the entity by CODEOWNERS; empty if nobody does"},

	{"docs.present", cel.BoolType, true, "whether there is documentation that can be read"},
	{"docs.updated", cel.TimestampType, true, "when it changed last"},
	{"docs.pages", cel.IntType, true, "how many pages it has"},
	{"docs.words", cel.IntType, true, "how many words, without code"},
	{"docs.brokenLinks", cel.IntType, true, "how many of its links and images lead nowhere"},
	{"docs.orphans", cel.IntType, true, "how many pages are in no navigation, though there is one"},
	{"docs.failing", cel.BoolType, true, "whether the newest commit cannot be shown, so that what was published before stays"},
	{"docs.failure", cel.StringType, true, "why: file, line and message; empty if nothing is the matter"},

	{"activity.lastPush", cel.TimestampType, true, "last push to the default branch"},
	{"activity.lastRelease", cel.TimestampType, true, "last release"},
	{"activity.lastDeployment", cel.TimestampType, true, "last successful deployment to production"},
	{"activity.deployments", cel.IntType, true, "successful deployments to production in 30 days"},
	{"activity.changeFailureRate", cel.DoubleType, true, "share of the deployments to production in 30 days that failed, from 0 to 1"},
	{"activity.failures", cel.IntType, true, "deployments to production in 90 days that failed"},
	{"activity.leadTime", cel.DurationType, true, "median time from the push of a commit to its first deployment to production, of those of 30 days"},
	{"activity.timeToRestore", cel.DurationType, true, "median time from a failed deployment to production to the next successful one, of failures in 90 days"},
	{"activity.openPullRequests", cel.IntType, true, "pull requests that are open and no drafts"},
	{"activity.oldestPullRequest", cel.TimestampType, true, "when the oldest of them was opened; unknown if there is none"},
	{"activity.pipelines", cel.IntType, true, "pipelines that ended on the default branch in 30 days"},
	{"activity.pipelineSuccess", cel.DoubleType, true, "share of them that succeeded, from 0 to 1"},
	{"activity.alerts", cel.MapType(cel.StringType, cel.IntType), true, "open security alerts by severity: critical, high, medium, low; all four are there"},
	{"activity.oldestAlert", cel.TimestampType, true, "when the oldest open alert of high or critical severity was opened; unknown if there is none"},

	{"verified.at", cel.TimestampType, true, "when somebody last said that what the descriptor says is still true"},
	{"verified.by", cel.StringType, true, "who did; empty if nobody did"},

	{"facts", cel.MapType(cel.StringType, cel.DynType), true, "what CI pushed, by name: facts.coverage; a name that nobody pushed is unknown"},
	{"reported", cel.MapType(cel.StringType, cel.TimestampType), false, "names of the facts that CI pushed, stale ones too, with the time: \"sbom\" in reported"},
}

// factsPrefix is what the facts that CI pushed begin with.
const factsPrefix = "facts."

// observable reports whether a fact may have that name.
func observable(name string) bool {
	if custom, ok := strings.CutPrefix(name, factsPrefix); ok {
		return custom != ""
	}
	if within(name, fileFacts) {
		return name != fileFacts
	}
	if _, ok := fileVariables[name]; ok {
		return false // each of the files is a fact
	}
	return slices.ContainsFunc(variables, func(v variable) bool { return v.observed && v.name == name && v.name != "facts" })
}
