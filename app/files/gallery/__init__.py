"""The faces found in files, as a sheet of small pictures to judge the results by."""
