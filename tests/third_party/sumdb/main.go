// Command sumdb checks an exported ledger with the code of Go's checksum database, golang.org/x/mod/sumdb: signatures of
// checkpoints with its note package, tiles, records, inclusion and consistency with its tlog package. Of our own making
// are only the reading of files and of a checkpoint's three lines, and what a cosignature is over.
//
// Where witnesses' keys are given, lines of theirs have to be good wherever they stand, and the newest checkpoint has to
// have as many of them as QUORUM says.
//
// Exit status: 0 when all of it holds, 1 when something does not, 2 when the command was used wrongly.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
	// Every record is compared with its hash in an authenticated tile; of so many the inclusion is proved besides.
	provedEvery = 61
)

func main() {
	quorum, err := 0, error(nil)
	if len(os.Args) > 3 {
		quorum, err = strconv.Atoi(os.Args[3])
	}
	if len(os.Args) < 3 || err != nil {
		fmt.Fprintln(os.Stderr, "usage: sumdb DIRECTORY VKEY [QUORUM WITNESS_VKEY...]")
		os.Exit(2)
	}
	size, err := check(os.Args[1], os.Args[2], quorum, os.Args[min(4, len(os.Args)):])
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAILED:", err)
		os.Exit(1)
	}
	fmt.Printf("OK: %d entries\n", size)
}

func check(dir, vkey string, quorum int, witnesses []string) (int64, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return 0, err
	}
	keys := []note.Verifier{verifier}
	for _, vkey := range witnesses {
		witness, err := newWitness(vkey)
		if err != nil {
			return 0, err
		}
		keys = append(keys, witness)
	}
	newest, signers, err := open(filepath.Join(dir, "checkpoint"), keys)
	if err != nil {
		return 0, err
	}
	if signers < 1+quorum {
		return 0, fmt.Errorf("%d of %d witnesses cosigned the newest checkpoint", signers-1, quorum)
	}
	if newest.N == 0 {
		return 0, nil
	}
	hashes := tlog.TileHashReader(newest, &files{dir})
	if err := checkRecords(dir, newest, hashes); err != nil {
		return 0, err
	}
	return newest.N, checkCheckpoints(dir, keys, newest, hashes)
}

// open reads a checkpoint (c2sp.org/tlog-checkpoint) that the first key signed, and says how many of the keys did.
func open(path string, keys []note.Verifier) (tlog.Tree, int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, 0, err
	}
	if _, err := note.Open(data, note.VerifierList(keys[0])); err != nil {
		return tlog.Tree{}, 0, fmt.Errorf("%s: %w", path, err)
	}
	opened, err := note.Open(data, note.VerifierList(keys...))
	if err != nil {
		return tlog.Tree{}, 0, fmt.Errorf("%s: %w", path, err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != keys[0].Name() {
		return tlog.Tree{}, 0, fmt.Errorf("%s: not a checkpoint of %s", path, keys[0].Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, 0, fmt.Errorf("%s: %w", path, err)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, 0, fmt.Errorf("%s: the root is not a hash", path)
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, len(opened.Sigs), nil
}

func checkRecords(dir string, tree tlog.Tree, hashes tlog.HashReader) error {
	for start := int64(0); start < tree.N; start += width {
		count := min(width, tree.N-start)
		records, err := readBundle(dir, start/width, count)
		if err != nil {
			return fmt.Errorf("entries from %d: %w", start, err)
		}
		indexes := make([]int64, count)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, start+int64(i))
		}
		expected, err := hashes.ReadHashes(indexes)
		if err != nil {
			return fmt.Errorf("hashes from %d: %w", start, err)
		}
		for i, record := range records {
			index, hash := start+int64(i), tlog.RecordHash(record)
			if hash != expected[i] {
				return fmt.Errorf("entry %d hashes to %v, the tree has %v", index, hash, expected[i])
			}
			if index%provedEvery != 0 && index != tree.N-1 {
				continue
			}
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			if err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, hash); err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
		}
	}
	return nil
}

func checkCheckpoints(dir string, keys []note.Verifier, newest tlog.Tree, hashes tlog.HashReader) error {
	names, err := filepath.Glob(filepath.Join(dir, "checkpoints", "[0-9]*"))
	if err != nil {
		return err
	}
	sort.Strings(names)
	for _, name := range names {
		older, _, err := open(name, keys)
		if err != nil {
			return err
		}
		if filepath.Base(name) != strconv.FormatInt(older.N, 10) {
			return fmt.Errorf("%s: is of size %d", name, older.N)
		}
		if older.N == 0 {
			continue
		}
		proof, err := tlog.ProveTree(newest.N, older.N, hashes)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := tlog.CheckTree(proof, newest.N, newest.Hash, older.N, older.Hash); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// readBundle reads the records of a bundle of entries: each stands behind its length as two bytes, big-endian.
func readBundle(dir string, index, count int64) ([][]byte, error) {
	data, err := readWidest(dir, "tile/entries/"+number(index), int(count))
	if err != nil {
		return nil, err
	}
	var records [][]byte
	for int64(len(records)) < count {
		if len(data) < 2 {
			return nil, fmt.Errorf("only %d of %d", len(records), count)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		if len(data) < end {
			return nil, errors.New("the bundle ends inside an entry")
		}
		records, data = append(records, data[2:end]), data[end:]
	}
	return records, nil
}

// files reads tiles of a directory, for tlog.TileHashReader to authenticate.
type files struct{ dir string }

func (f *files) Height() int { return height }

func (f *files) SaveTiles([]tlog.Tile, [][]byte) {}

func (f *files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		content, err := readWidest(f.dir, fmt.Sprintf("tile/%d/%s", tile.L, number(tile.N)), tile.W)
		if err != nil {
			return nil, err
		}
		if len(content) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%v is too short", tile)
		}
		data[i] = content[:tile.W*tlog.HashSize]
	}
	return data, nil
}

// readWidest reads the full tile, or else the partial one of the least width that is enough: older trees' are its prefix.
func readWidest(dir, path string, least int) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, path))
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return data, err
	}
	for w := least; w < width; w++ {
		data, err = os.ReadFile(filepath.Join(dir, fmt.Sprintf("%s.p/%d", path, w)))
		if err == nil || !errors.Is(err, os.ErrNotExist) {
			return data, err
		}
	}
	return nil, fmt.Errorf("%s is missing", path)
}

// number writes a tile's index as c2sp.org/tlog-tiles does: groups of three digits, all but the last with an x before them.
func number(n int64) string {
	name := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		name = fmt.Sprintf("x%03d/%s", n%1000, name)
	}
	return name
}
