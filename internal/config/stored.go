package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/callboard/callboard/internal/fault"
)

// storedHead is the comment above sources that were connected while the portal ran.
const storedHead = "# Sources that were connected on the portal's pages or with callboard connect.\n# Callboard writes this file; it holds secrets.\n"

// ReadSources reads a file that [WriteSources] wrote; none is no error. Keys of Apps
// lie beside the file, wherever that was moved to.
func ReadSources(path string) ([]Source, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the connected sources: %w", err)
	}
	c, ps := Parse(b, func(string) (string, bool) { return "", false }, nil)
	for i := range ps {
		ps[i].File = path
	}
	if len(ps) > 0 {
		return nil, fault.New(fault.Invalid, "%w", ps)
	}
	for i := range c.Sources {
		if key := &c.Sources[i].App.PrivateKeyFile; *key != "" && !filepath.IsAbs(*key) {
			*key = filepath.Join(filepath.Dir(path), *key)
		}
	}
	return c.Sources, nil
}

// WriteSources replaces the file, readable to its owner only. The error is of kind
// fault.Invalid if sources could not be configured so, and nothing is written then.
func WriteSources(path string, sources []Source) error {
	all := make([]map[string]any, len(sources))
	for i, s := range sources {
		if filepath.Dir(s.App.PrivateKeyFile) == filepath.Dir(path) {
			s.App.PrivateKeyFile = filepath.Base(s.App.PrivateKeyFile)
		}
		all[i] = s.plain()
	}
	b, err := yaml.Marshal(map[string]any{"sources": all})
	if err != nil {
		return err
	}
	if strings.Contains(string(b), "${") {
		return fault.New(fault.Invalid, "a value holds ${, which stands for a variable of the environment: such a source has to stand in callboard.yaml")
	}
	if _, ps := Parse(b, func(string) (string, bool) { return "", false }, nil); len(ps) > 0 {
		lines := make([]string, len(ps))
		for i, p := range ps {
			lines[i] = p.Message
		}
		return fault.New(fault.Invalid, "%s", strings.Join(lines, "; "))
	}
	if err := Keep(path, []byte(storedHead+string(b))); err != nil {
		return fmt.Errorf("keep the connected sources: %w", err)
	}
	return nil
}

// Keep replaces a file with a secret in it, readable to its owner only. It is whole on
// disk, under its name, before Keep returns, or as it was.
func Keep(path string, content []byte) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // after the rename it is not there
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// plain is the source as the file has it, secrets included.
func (s Source) plain() map[string]any {
	m := map[string]any{"name": s.Name, "type": s.Type}
	for key, value := range map[string]string{
		"url": s.URL, "token": s.Token.Reveal(), "webhookSecret": s.WebhookSecret.Reveal(), "webhookUrl": s.WebhookURL, "signingToken": s.SigningToken.Reveal(),
		"previousWebhookSecret": s.PreviousSecret.Reveal(), "previousSigningToken": s.PreviousSigningToken.Reveal(), "branch": s.Branch, "reconcile": s.Reconcile, "people": string(s.People),
	} {
		if value != "" {
			m[key] = value
		}
	}
	for key, d := range map[string]Duration{"grace": s.Grace, "poll": s.Poll} {
		if d != 0 {
			m[key] = time.Duration(d).String()
		}
	}
	for key, list := range map[string][]string{"organizations": s.Organizations, "groups": s.Groups, "repositories": s.Repositories, "descriptors": s.Descriptors} {
		if len(list) > 0 {
			m[key] = slices.Clone(list)
		}
	}
	for key, on := range map[string]bool{"archived": s.Archived, "skipForks": s.SkipForks} {
		if on {
			m[key] = true
		}
	}
	if s.Checks != (Checks{}) {
		checks := map[string]any{"status": s.Checks.Status, "comment": s.Checks.Comment}
		if s.Checks.FailOn != "" {
			checks["failOn"] = s.Checks.FailOn
		}
		m["checks"] = checks
	}
	if s.App != (App{}) {
		app := map[string]string{"id": s.App.ID, "privateKeyFile": s.App.PrivateKeyFile}
		if s.App.Installation != "" {
			app["installation"] = s.App.Installation
		}
		m["app"] = app
	}
	return m
}
