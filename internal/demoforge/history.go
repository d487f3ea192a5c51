package demoforge

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"path"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// History is a script: what was pushed to which repository, when and by whom.
// Play plays it.
type History struct {
	Repositories []HistoryRepository // in the order of their first pushes
	Pushes       []HistoryPush       // in order
	Activities   []HistoryActivity   // in order
	// Clock is the time of day, in UTC, of the last push.
	Clock time.Duration
}

// HistoryRepository is a repository that a history is about.
type HistoryRepository struct {
	Provider Provider
	Name     string // full path
	Settings Settings
}

// HistoryPush is one push of one or more commits.
type HistoryPush struct {
	Repository int // index into Repositories
	Branch     string
	Commits    []HistoryCommit
	Tag        string // that its last commit gets; "" is none
}

// HistoryCommit is a commit whose time follows from when the history ends.
type HistoryCommit struct {
	Before time.Duration // the last push
	Change
}

// End is the latest moment up to now at which the history may end: its last
// push keeps its time of day.
func (h History) End(now time.Time) time.Time {
	day := now.UTC().Truncate(24 * time.Hour)
	if end := day.Add(h.Clock); !end.After(now) {
		return end
	}
	return day.Add(h.Clock - 24*time.Hour)
}

// script is the form of history.yaml. See examples/acme/README.md.
type script struct {
	People       map[string]scriptPerson     `yaml:"people"`
	Repositories map[string]scriptRepository `yaml:"repositories"`
	Habits       map[string]scriptHabits     `yaml:"habits"` // by repository
	Pushes       []scriptPush                `yaml:"pushes"`
}

type scriptPerson struct {
	Name  string `yaml:"name"`
	Email string `yaml:"email"`
}

type scriptRepository struct {
	Forge       Provider `yaml:"forge"`
	Path        string   `yaml:"path"`
	Description string   `yaml:"description"`
	Branch      string   `yaml:"branch"` // the default one
	Topics      []string `yaml:"topics"`
	Private     bool     `yaml:"private"`
	Protected   bool     `yaml:"protected"`
	License     string   `yaml:"license"`
}

type scriptPush struct {
	Repository   string `yaml:"repository"`
	Branch       string `yaml:"branch"`
	Tag          string `yaml:"tag"`
	scriptCommit `yaml:",inline"`
	And          []scriptCommit `yaml:"and"` // further commits of the same push
}

type scriptCommit struct {
	At      string                 `yaml:"at"` // "34d 09:12", days before the last one
	By      string                 `yaml:"by"`
	Message string                 `yaml:"message"`
	Merge   string                 `yaml:"merge"` // a branch
	Copy    []string               `yaml:"copy"`  // files and folders of repos/<repository>
	Write   map[string]string      `yaml:"write"`
	Edit    map[string][][2]string `yaml:"edit"` // old text, which must be there once, and new text
	Remove  []string               `yaml:"remove"`
}

// ReadHistory reads history.yaml and the folder repos beside it. Errors name the line.
func ReadHistory(files fs.FS) (History, error) {
	text, err := fs.ReadFile(files, "history.yaml")
	if err != nil {
		return History{}, fmt.Errorf("read the history: %w", err)
	}
	h, err := parseHistory(text, files)
	if err != nil {
		return History{}, fmt.Errorf("read history.yaml: %w", err)
	}
	return h, nil
}

func parseHistory(text []byte, files fs.FS) (History, error) {
	var s script
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s); err != nil && !errors.Is(err, io.EOF) {
		return History{}, err
	}
	// The same text as nodes, for the lines that the pushes begin at.
	var lines struct {
		Pushes []yaml.Node `yaml:"pushes"`
	}
	if err := yaml.Unmarshal(text, &lines); err != nil {
		return History{}, err
	}
	reader := historyReader{script: s, files: files, index: map[string]int{}, trees: map[string]*workTree{}, last: math.MinInt64}
	for i, p := range s.Pushes {
		if err := reader.push(p); err != nil {
			return History{}, fmt.Errorf("line %d: %w", lines.Pushes[i].Line, err)
		}
	}
	if err := reader.habits(); err != nil {
		return History{}, err
	}
	for i, a := range reader.history.Activities {
		reader.history.Activities[i].Before = reader.last - a.Before
	}
	for _, p := range reader.history.Pushes {
		for i, c := range p.Commits {
			p.Commits[i].Before = reader.last - c.Before
		}
	}
	const day = 24 * time.Hour
	reader.history.Clock = (reader.last%day + day) % day
	return reader.history, nil
}

// historyReader follows the work trees of all repositories through the pushes,
// so that every edit is known to fit before anything is played.
type historyReader struct {
	script  script
	files   fs.FS
	history History
	index   map[string]int       // of repositories that have been pushed to
	trees   map[string]*workTree // by repository and branch
	last    time.Duration        // when the last push was, since midnight of the last day
}

// workTree is a branch: its files, and what was touched since it was merged last.
type workTree struct {
	files   map[string]string
	touched map[string]bool
}

func (hr *historyReader) push(p scriptPush) error {
	repository, ok := hr.script.Repositories[p.Repository]
	if !ok {
		return fmt.Errorf("there is no repository %q; add it to repositories", p.Repository)
	}
	if repository.Branch == "" {
		repository.Branch = "main"
	}
	if p.Branch == "" {
		p.Branch = repository.Branch
	}
	index, err := hr.repository(p.Repository, repository)
	if err != nil {
		return err
	}
	tree, err := hr.tree(p, repository.Branch)
	if err != nil {
		return err
	}
	push := HistoryPush{Repository: index, Branch: p.Branch, Tag: p.Tag}
	var at time.Duration
	for i, c := range append([]scriptCommit{p.scriptCommit}, p.And...) {
		commit, err := hr.commit(p.Repository, c, tree)
		if err != nil {
			return err
		}
		if i > 0 && commit.Before < at {
			return fmt.Errorf("%s is earlier than the commit before it", c.At)
		}
		at = commit.Before
		push.Commits = append(push.Commits, commit)
	}
	if at < hr.last {
		return fmt.Errorf("%s is earlier than the push before it", p.At)
	}
	hr.last = at
	hr.history.Pushes = append(hr.history.Pushes, push)
	return nil
}

// repository returns the index of a repository; its first push adds it.
func (hr *historyReader) repository(key string, r scriptRepository) (int, error) {
	if i, ok := hr.index[key]; ok {
		return i, nil
	}
	if err := checkName(r.Forge, r.Path); err != nil {
		return 0, fmt.Errorf("repository %s: %w", key, err)
	}
	for _, other := range hr.history.Repositories {
		if other.Provider == r.Forge && strings.EqualFold(other.Name, r.Path) {
			return 0, fmt.Errorf("repository %s: there is another one at %s", key, r.Path)
		}
	}
	hr.index[key] = len(hr.history.Repositories)
	hr.history.Repositories = append(hr.history.Repositories, HistoryRepository{
		Provider: r.Forge, Name: r.Path,
		Settings: Settings{Description: r.Description, DefaultBranch: r.Branch, Private: r.Private, Protected: r.Protected, License: r.License, Topics: r.Topics},
	})
	return hr.index[key], nil
}

// commit applies a commit to the work tree. Before holds its time since
// midnight of the last day until that of the last push is known.
func (hr *historyReader) commit(repository string, c scriptCommit, tree *workTree) (HistoryCommit, error) {
	person, ok := hr.script.People[c.By]
	if !ok {
		return HistoryCommit{}, fmt.Errorf("there is no person %q; add them to people", c.By)
	}
	if person.Name == "" || person.Email == "" || strings.ContainsAny(person.Name+person.Email, "<>\n\x00") {
		return HistoryCommit{}, fmt.Errorf("person %s needs a name and an email without < and >", c.By)
	}
	if strings.TrimSpace(c.Message) == "" {
		return HistoryCommit{}, errors.New("the message is missing")
	}
	at, err := parseAt(c.At)
	if err != nil {
		return HistoryCommit{}, err
	}
	var merged []string
	if c.Merge != "" {
		if err := hr.merge(repository, c.Merge, tree); err != nil {
			return HistoryCommit{}, err
		}
		merged = []string{c.Merge}
	}
	change, err := hr.change(repository, c, tree)
	if err != nil {
		return HistoryCommit{}, err
	}
	change.Author = Person{Name: person.Name, Email: person.Email, Login: c.By}
	change.Merge = merged
	if c.Merge == "" && len(change.Files)+len(change.Remove) == 0 {
		return HistoryCommit{}, errors.New("the commit changes nothing")
	}
	return HistoryCommit{Before: at, Change: change}, nil
}

// tree is the work tree that a push is made on.
func (hr *historyReader) tree(p scriptPush, main string) (*workTree, error) {
	if !validBranch(p.Branch) {
		return nil, fmt.Errorf("branch %q is not of lower-case letters, digits, /, - and dots", p.Branch)
	}
	key := p.Repository + " " + p.Branch
	if t := hr.trees[key]; t != nil {
		return t, nil
	}
	t := &workTree{files: map[string]string{}, touched: map[string]bool{}}
	if p.Branch != main {
		from := hr.trees[p.Repository+" "+main]
		if from == nil {
			return nil, fmt.Errorf("branch %s has nothing to start from", p.Branch)
		}
		t.files = maps.Clone(from.files)
	}
	hr.trees[key] = t
	return t, nil
}

// change applies a push to the work tree and returns it with whole files.
func (hr *historyReader) change(repository string, c scriptCommit, tree *workTree) (Change, error) {
	change := Change{Message: c.Message, Files: map[string]string{}, Remove: c.Remove}
	for _, from := range c.Copy {
		if err := hr.copy(repository, from, change.Files); err != nil {
			return Change{}, err
		}
	}
	maps.Copy(change.Files, c.Write)
	for file, pairs := range c.Edit {
		content, ok := tree.files[file]
		if written, also := change.Files[file]; also {
			content, ok = written, true
		}
		if !ok {
			return Change{}, fmt.Errorf("edit %s: there is no such file", file)
		}
		for _, pair := range pairs {
			if n := strings.Count(content, pair[0]); n != 1 || pair[0] == "" {
				return Change{}, fmt.Errorf("edit %s: %q is there %d times, not once", file, pair[0], n)
			}
			content = strings.Replace(content, pair[0], pair[1], 1)
		}
		change.Files[file] = content
	}
	for file, content := range change.Files {
		if was, ok := tree.files[file]; ok && was == content {
			return Change{}, fmt.Errorf("%s stays as it is", file)
		}
		if !fs.ValidPath(file) || file == "." {
			return Change{}, fmt.Errorf("%q is not the path of a file", file)
		}
		tree.files[file], tree.touched[file] = content, true
	}
	for _, file := range c.Remove {
		if _, ok := tree.files[file]; !ok {
			return Change{}, fmt.Errorf("remove %s: there is no such file", file)
		}
		if _, ok := change.Files[file]; ok {
			return Change{}, fmt.Errorf("%s is both written and removed", file)
		}
		delete(tree.files, file)
		tree.touched[file] = true
	}
	for file := range tree.files {
		for folder := path.Dir(file); folder != "."; folder = path.Dir(folder) {
			if _, ok := tree.files[folder]; ok {
				return Change{}, fmt.Errorf("%s cannot be a file: %s is in it", folder, file)
			}
		}
	}
	return change, nil
}

// copy reads a file, or all files below a folder, of repos/<repository>.
func (hr *historyReader) copy(repository, from string, into map[string]string) error {
	root := path.Join("repos", repository)
	return fs.WalkDir(hr.files, path.Join(root, from), func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("copy %s: %w", from, err)
		}
		if d.IsDir() {
			return nil
		}
		content, err := fs.ReadFile(hr.files, at)
		into[strings.TrimPrefix(at, root+"/")] = string(content)
		return err
	})
}

// merge brings a branch's changes into the work tree, as the forge will.
func (hr *historyReader) merge(repository, branch string, tree *workTree) error {
	from := hr.trees[repository+" "+branch]
	if from == nil || from == tree {
		return fmt.Errorf("there is no branch %s to merge", branch)
	}
	for path := range from.touched {
		if content, ok := from.files[path]; ok {
			tree.files[path] = content
		} else {
			delete(tree.files, path)
		}
	}
	clear(from.touched)
	return nil
}

func validBranch(s string) bool {
	return fs.ValidPath(s) && len(s) < 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789/-.") == ""
}

// parseAt reads "34d 09:12" as the time since midnight of the last day.
func parseAt(s string) (time.Duration, error) {
	var days, hours, minutes int
	if n, err := fmt.Sscanf(s, "%dd %d:%d", &days, &hours, &minutes); n != 3 || err != nil ||
		days < 0 || days > 9999 || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, fmt.Errorf("at %q is not of the form \"34d 09:12\"", s)
	}
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute - time.Duration(days)*24*time.Hour, nil
}
