package scorecards

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"golang.org/x/mod/semver"

	"github.com/callboard/callboard/catalog"
)

// environment is what expressions are checked against: made once, never changed.
var environment = sync.OnceValues(newEnvironment)

// checker checks one expression after the other: while one is checked that names what is
// not there, an environment of CEL notes what there is, and no other may read it.
type checker struct {
	*cel.Env
	mu sync.Mutex
}

// Compile is [cel.Env.Compile].
func (c *checker) Compile(text string) (*cel.Ast, *cel.Issues) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Env.Compile(text)
}

// CEL's extensions for strings and sets are left out: what replace and join make,
// and how long sets.contains takes, is only told when it is too late.
func newEnvironment() (*checker, error) {
	options := []cel.EnvOption{
		cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.EnableMacroCallTracking(), // to explain an expression in its own words
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(maxDepth),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxRegex),
		// age(t) is a macro, so that an expression shows that it reads now.
		cel.Macros(cel.GlobalMacro("age", 1, func(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
			return eh.NewCall(operators.Subtract, eh.NewIdent("now"), args[0]), nil
		})),
		cel.Function("days", cel.Overload("days_int", []*cel.Type{cel.IntType}, cel.DurationType, cel.UnaryBinding(func(n ref.Val) ref.Val {
			const most = 100 * 366 // a duration holds 292 years
			if n := n.(types.Int); n >= -most && n <= most {
				return types.Duration{Duration: time.Duration(n) * 24 * time.Hour}
			}
			return types.NewErr("days: more than a hundred years")
		}))),
		cel.Function("lowerAscii", cel.MemberOverload("string_lower_ascii", []*cel.Type{cel.StringType}, cel.StringType, cel.UnaryBinding(func(s ref.Val) ref.Val {
			return types.String(strings.Map(lowerASCII, string(s.(types.String))))
		}))),
		cel.Function("text", cel.Overload("text_dyn", []*cel.Type{cel.DynType}, cel.StringType, cel.UnaryBinding(func(v ref.Val) ref.Val {
			return types.String(show(v))
		}))),
		cel.Function("compareVersions", cel.Overload("compare_versions_string_string", []*cel.Type{cel.StringType, cel.StringType}, cel.IntType,
			cel.BinaryBinding(compareVersions))),
	}
	for _, v := range variables {
		options = append(options, cel.Variable(v.name, v.typ))
	}
	env, err := cel.NewEnv(options...)
	return &checker{Env: env}, err
}

func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// compareVersions compares as https://semver.org says; a leading v is no matter.
func compareVersions(a, b ref.Val) ref.Val {
	var both [2]string
	for i, v := range []ref.Val{a, b} {
		both[i] = "v" + strings.TrimPrefix(string(v.(types.String)), "v")
		if !semver.IsValid(both[i]) {
			return types.NewErr("compareVersions: %q is no version such as 1.2.3", v.Value())
		}
	}
	return types.Int(semver.Compare(both[0], both[1]))
}

// expression is one that was checked.
type expression struct {
	text    string
	checked *cel.Ast
	program cel.Program
	reads   []string // what it reads, sorted, named as Touches has it
	files   []string // paths of the files that it reads
	times   *times   // nil unless it reads now
}

// compile checks an expression. What it yields must be of the type, or of one
// that only evaluating shows; nil stands for any.
func compile(text string, want *cel.Type) (*expression, error) {
	env, err := environment()
	if err != nil {
		return nil, err
	}
	if len(text) > maxExpression {
		return nil, fmt.Errorf("is longer than the %d characters that an expression may have", maxExpression)
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, inWords(text, issues)
	}
	if got := checked.OutputType(); want != nil && !got.IsExactType(want) && !got.IsExactType(cel.DynType) {
		return nil, errors.New(noCondition(got.String(), text)) // nobody asks for another type
	}
	e := &expression{text: text, checked: checked}
	if e.reads, e.files, err = readsOf(checked.NativeRep()); err != nil {
		return nil, err
	}
	if e.program, err = env.Program(checked, append(limits(env, checked), cel.EvalOptions(cel.OptOptimize))...); err != nil {
		return nil, err
	}
	if slices.Contains(e.reads, "now") {
		e.times = timesOf(env, checked.NativeRep())
	}
	return e, nil
}

// eval returns the value of an expression, which may be a *types.Unknown.
func (e *expression) eval(v *view) (ref.Val, error) {
	value, _, err := e.program.Eval(v)
	if err != nil {
		return nil, e.wentWrong(err, v)
	}
	return value, nil
}

// unknownNames lists the variables that a value is unknown because of.
func unknownNames(u *types.Unknown) []string {
	var names []string
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, t := range trails {
			names = append(names, t.Variable())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reader finds what an expression reads.
type reader struct {
	names []string
	files []string
	err   error
}

func readsOf(tree *ast.AST) (names, files []string, err error) {
	var r reader
	r.read(tree.Expr())
	slices.Sort(r.names)
	return slices.Compact(r.names), r.files, r.err
}

// read walks the tree, and takes a chain of fields below a variable as one path.
// A variable of a comprehension that has the name of one of ours counts as that:
// to read more than need be does no harm.
func (r *reader) read(e ast.Expr) {
	if path, ok := r.path(e); ok {
		if path == "facts" {
			r.err = errors.New(`facts can only be read by name, as in facts.coverage or facts["coverage"]; reported has the names of those that there are`)
		}
		path = strings.TrimSuffix(path, "[]")
		if _, ok := fileVariables[path]; ok {
			r.err = fmt.Errorf(`files can only be read by their paths, as in %s["renovate.json"]; repo.files has those that there are`, path)
		}
		r.names = append(r.names, path)
		return
	}
	for _, part := range partsOf(e) {
		r.read(part)
	}
}

// partsOf are the expressions that one is made of.
func partsOf(e ast.Expr) (all []ast.Expr) {
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			all = append(all, c.Target())
		}
		return append(all, c.Args()...)
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.ListKind:
		return slices.Clone(e.AsList().Elements())
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			all = append(all, entry.AsMapEntry().Key(), entry.AsMapEntry().Value())
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			all = append(all, field.AsStructField().Value())
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()}
	}
	return all
}

// path returns which variable, and which field below it, an expression is. Below
// what is no mapping of fields, or where only evaluating shows which field is
// meant, "[]" stands at the end.
func (r *reader) path(e ast.Expr) (string, bool) {
	var operand ast.Expr
	field, named := "", false
	switch e.Kind() {
	case ast.IdentKind:
		name := strings.TrimPrefix(e.AsIdent(), ".")
		return name, slices.ContainsFunc(variables, func(v variable) bool { return v.name == name })
	case ast.SelectKind:
		operand, field, named = e.AsSelect().Operand(), e.AsSelect().FieldName(), true
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() || len(c.Args()) != 2 {
			return "", false
		}
		switch c.FunctionName() {
		case operators.Index, operators.OptIndex, operators.OptSelect:
		default:
			return "", false
		}
		operand = c.Args()[0]
		if c.Args()[1].Kind() == ast.LiteralKind {
			field, named = c.Args()[1].AsLiteral().Value().(string)
		}
		if !named {
			defer r.read(c.Args()[1])
		}
	default:
		return "", false
	}
	path, ok := r.path(operand)
	_, isFile := fileVariables[path]
	switch {
	case !ok:
		return "", false
	case isFile && named:
		r.files = append(r.files, field)
		return FileFact(field), true
	case isFile:
		return path + "[]", true // which file, nobody can tell: see read
	case strings.HasSuffix(path, "[]"), path != "entity" && path != "facts" && !strings.HasPrefix(path, "entity"):
		return path, true // one fact, however deep one looks into it
	case !named:
		return path + "[]", true
	case path == "facts":
		return factsPrefix + field, true
	default:
		return catalog.FieldPath(path, field), true
	}
}

// Touches reports whether a change could bear on an input of a rule: on what its result
// depends on. Both have the names of [Variables], and for parts of the entity and for facts
// that CI pushed the path: "facts.coverage"; a field of the entity is "entity." and its path
// as the package catalog writes it: "entity.spec.owner".
func Touches(input, changed string) bool {
	if input == "links" && (within("entity.metadata.links", changed) || within(changed, "entity.metadata.links")) ||
		input == "reported" && strings.HasPrefix(changed, factsPrefix) {
		return true
	}
	return within(input, changed) || within(changed, input)
}

// within reports whether a path is another one, or below it.
func within(path, root string) bool {
	rest, ok := strings.CutPrefix(path, root)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
