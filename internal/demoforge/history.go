package demoforge

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// History is a script: what was pushed to which repository, when and by whom.
// Play plays it.
type History struct {
	Repositories []HistoryRepository // in the order of their first pushes
	Pushes       []HistoryPush       // in order
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
}

type scriptPush struct {
	At         string                 `yaml:"at"` // "34d 09:12", days before the last one
	Repository string                 `yaml:"repository"`
	By         string                 `yaml:"by"`
	Message    string                 `yaml:"message"`
	Branch     string                 `yaml:"branch"`
	Merge      string                 `yaml:"merge"` // a branch
	Hold       bool                   `yaml:"hold"`  // pushed with the next commit to the same branch
	Copy       []string               `yaml:"copy"`  // files and folders of repos/<repository>
	Write      map[string]string      `yaml:"write"`
	Edit       map[string][][2]string `yaml:"edit"` // old text, which must be there once, and new text
	Remove     []string               `yaml:"remove"`
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
	reader := historyReader{script: s, files: files, index: map[string]int{}, trees: map[string]*workTree{}, held: map[string][]HistoryCommit{}}
	for i, p := range s.Pushes {
		if err := reader.push(p); err != nil {
			return History{}, fmt.Errorf("line %d: %w", lines.Pushes[i].Line, err)
		}
	}
	return reader.finish()
}

// historyReader follows the work trees of all repositories through the pushes,
// so that every edit is known to fit before anything is played.
type historyReader struct {
	script  script
	files   fs.FS
	history History
	index   map[string]int             // of repositories that have been pushed to
	trees   map[string]*workTree       // by repository and branch
	held    map[string][]HistoryCommit // by repository and branch
	last    time.Duration              // since the last day's midnight; negative before it
}

// workTree is a branch: its files, and what was touched since it left the default branch.
type workTree struct {
	files   map[string]string
	touched map[string]bool
}

func (hr *historyReader) push(p scriptPush) error {
	repository, ok := hr.script.Repositories[p.Repository]
	if !ok {
		return fmt.Errorf("there is no repository %q; add it to repositories", p.Repository)
	}
	person, ok := hr.script.People[p.By]
	if !ok {
		return fmt.Errorf("there is no person %q; add them to people", p.By)
	}
	if p.Message == "" {
		return errors.New("the message is missing")
	}
	at, err := parseAt(p.At)
	if err != nil {
		return err
	}
	if len(hr.history.Repositories) > 0 && at < hr.last {
		return fmt.Errorf("%s is earlier than the push before it", p.At)
	}
	hr.last = at

	main := repository.Branch
	if main == "" {
		main = "main"
	}
	if p.Branch == "" {
		p.Branch = main
	}
	tree, err := hr.tree(p, main)
	if err != nil {
		return err
	}
	change, err := hr.change(p, tree)
	if err != nil {
		return err
	}
	change.Author = Person{Name: person.Name, Email: person.Email, Login: p.By}
	if p.Merge != "" {
		if err := hr.merge(p, tree); err != nil {
			return err
		}
		change.Merge = []string{p.Merge}
	} else if len(change.Files)+len(change.Remove) == 0 {
		return errors.New("the commit changes nothing")
	}

	if _, ok := hr.index[p.Repository]; !ok {
		hr.index[p.Repository] = len(hr.history.Repositories)
		hr.history.Repositories = append(hr.history.Repositories, HistoryRepository{
			Provider: repository.Forge, Name: repository.Path,
			Settings: Settings{Description: repository.Description, DefaultBranch: main, Private: repository.Private, Topics: repository.Topics},
		})
	}
	key := p.Repository + " " + p.Branch
	// Before is counted from the end once that is known: see finish.
	hr.held[key] = append(hr.held[key], HistoryCommit{Before: at, Change: change})
	if !p.Hold {
		hr.history.Pushes = append(hr.history.Pushes, HistoryPush{Repository: hr.index[p.Repository], Branch: p.Branch, Commits: hr.held[key]})
		delete(hr.held, key)
	}
	return nil
}

func (hr *historyReader) finish() (History, error) {
	if len(hr.held) > 0 {
		return History{}, fmt.Errorf("held commits are never pushed: %s", strings.Join(slices.Sorted(maps.Keys(hr.held)), ", "))
	}
	for _, p := range hr.history.Pushes {
		for i, c := range p.Commits {
			p.Commits[i].Before = hr.last - c.Before
		}
	}
	const day = 24 * time.Hour
	hr.history.Clock = (hr.last%day + day) % day
	return hr.history, nil
}

// tree is the work tree that a push is made on.
func (hr *historyReader) tree(p scriptPush, main string) (*workTree, error) {
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
func (hr *historyReader) change(p scriptPush, tree *workTree) (Change, error) {
	change := Change{Message: p.Message, Files: map[string]string{}, Remove: p.Remove}
	for _, from := range p.Copy {
		if err := hr.copy(p.Repository, from, change.Files); err != nil {
			return Change{}, err
		}
	}
	maps.Copy(change.Files, p.Write)
	for path, pairs := range p.Edit {
		content, ok := tree.files[path]
		if written, also := change.Files[path]; also {
			content, ok = written, true
		}
		if !ok {
			return Change{}, fmt.Errorf("edit %s: there is no such file", path)
		}
		for _, pair := range pairs {
			if n := strings.Count(content, pair[0]); n != 1 || pair[0] == "" {
				return Change{}, fmt.Errorf("edit %s: %q is there %d times, not once", path, pair[0], n)
			}
			content = strings.Replace(content, pair[0], pair[1], 1)
		}
		change.Files[path] = content
	}
	for path, content := range change.Files {
		if tree.files[path] == content {
			return Change{}, fmt.Errorf("%s stays as it is", path)
		}
		tree.files[path], tree.touched[path] = content, true
	}
	for _, path := range p.Remove {
		if _, ok := tree.files[path]; !ok {
			return Change{}, fmt.Errorf("remove %s: there is no such file", path)
		}
		delete(tree.files, path)
		tree.touched[path] = true
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
func (hr *historyReader) merge(p scriptPush, tree *workTree) error {
	from := hr.trees[p.Repository+" "+p.Merge]
	if from == nil {
		return fmt.Errorf("there is no branch %s to merge", p.Merge)
	}
	for path := range from.touched {
		if content, ok := from.files[path]; ok {
			tree.files[path] = content
		} else {
			delete(tree.files, path)
		}
	}
	return nil
}

// parseAt reads "34d 09:12" as the time since midnight of the last day.
func parseAt(s string) (time.Duration, error) {
	var days, hours, minutes int
	if n, err := fmt.Sscanf(s, "%dd %d:%d", &days, &hours, &minutes); n != 3 || err != nil ||
		days < 0 || days > 100_000 || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, fmt.Errorf("at %q is not of the form \"34d 09:12\"", s)
	}
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute - time.Duration(days)*24*time.Hour, nil
}
