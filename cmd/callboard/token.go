package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func tokenCommand(p process) *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "token",
		Short: "Print the token that scripts change things with",
		Long: `Print the token of a data folder; it is made when there is none yet.

Pages change things without it. A script sends it along:

  curl -X POST -H "Authorization: Bearer $(callboard token)" \
    http://127.0.0.1:8080/api/deliveries/ID/replay`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := os.Stat(filepath.Join(data, fileEvents)); err != nil {
				return fmt.Errorf("%s is no data folder of a portal: %w", data, err)
			}
			token, err := loadToken(data)
			if err != nil {
				return err
			}
			fmt.Fprintln(p.Stdout, token)
			return nil
		},
	}
	c.Flags().StringVar(&data, "data", "./data", "data folder")
	return c
}

// loadToken reads the data folder's token, or makes one.
func loadToken(data string) (string, error) {
	path := filepath.Join(data, "token")
	b, err := os.ReadFile(path)
	if err == nil {
		if token := strings.TrimSpace(string(b)); token != "" {
			return token, nil
		}
		return "", fmt.Errorf("%s is empty; delete it to have a new token made", path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the token: %w", err)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	token := rand.Text()
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the token: %w", err)
	}
	return token, nil
}
